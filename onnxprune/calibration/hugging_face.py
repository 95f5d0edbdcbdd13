"""What becomes of a picture, as Hugging Face's preprocessor_config.json says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnxprune.calibration.preprocess import EXAMPLE, TOML, Preprocess, checked
from onnxprune.errors import InputError

_RESAMPLE = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # Pillow's numbers


def from_hugging_face(path: Path) -> Preprocess:
    """The description in such a file. Raises InputError for steps that a `Preprocess` has no words for."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: isn't JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: isn't the configuration of a preprocessor")
    return checked({**_placement(config, path), **_values(config)}, path)


def _placement(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    if not config.get("do_resize", True):
        raise _unknown(path, "pictures are not resized")
    size, crops = config.get("size"), config.get("do_center_crop", False)
    resample = config.get("resample", 2)
    known = isinstance(resample, int) and 0 <= resample < len(_RESAMPLE)
    found = {"interpolation": _RESAMPLE[resample]} if known else {}
    if crops:
        side, cut = _shortest(size), _square(config.get("crop_size", size))
        if side is None or cut is None or cut > side:
            raise _unknown(path, f"size {json.dumps(size)} with crop_size {json.dumps(config.get('crop_size'))}")
        return {**found, "size": cut, "resize": "crop", "crop": cut / side}
    if isinstance(size, dict) and "shortest_edge" in size and "crop_pct" in config:
        return {**found, "size": size["shortest_edge"], "resize": "crop", "crop": config["crop_pct"]}
    if isinstance(size, dict) and {"height", "width"} <= size.keys():
        return {**found, "size": [size["height"], size["width"]], "resize": "stretch"}
    if isinstance(size, int):
        return {**found, "size": size, "resize": "stretch"}
    raise _unknown(path, f"size {json.dumps(size)}")


def _values(config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"scale": config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1}
    if config.get("do_normalize", True):
        found |= {key: config[f"image_{key}"] for key in ("mean", "std") if f"image_{key}" in config}
    return found


def _shortest(size: Any) -> int | None:
    side = size.get("shortest_edge") if isinstance(size, dict) else size
    return side if isinstance(side, int) and side > 0 else None


def _square(size: Any) -> int | None:
    lengths = set(size.values()) if isinstance(size, dict) else {size}
    side = lengths.pop() if len(lengths) == 1 else None
    return side if isinstance(side, int) and side > 0 else None


def _unknown(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}, which isn't understood; write a {TOML} beside it, such as {EXAMPLE}")
