"""Where measurements are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "ONNXPRUNE_CACHE"


def cache_folder() -> Path:
    """The cache folder, which need not exist: $ONNXPRUNE_CACHE, or ~/.cache/onnxprune."""
    return Path(os.environ.get(VARIABLE) or Path.home() / ".cache" / "onnxprune").expanduser()
