"""The JSON schema of report.json."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of report.json, as installed with the package."""
    text = files("onnxprune.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
