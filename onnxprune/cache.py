"""Where measurements are kept between runs."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

VARIABLE = "ONNXPRUNE_CACHE"


def cache_folder() -> Path:
    """The cache folder, which need not exist: $ONNXPRUNE_CACHE, or ~/.cache/onnxprune."""
    return Path(os.environ.get(VARIABLE) or Path.home() / ".cache" / "onnxprune").expanduser()


def kept(file: Path) -> Any:
    """What a JSON file of the cache says; None where it can't be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep(file: Path, body: Any) -> None:
    """Write a JSON file of the cache, if possible; a reader sees the old file or the new one."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(body), encoding="utf-8")
        os.replace(fresh, file)
