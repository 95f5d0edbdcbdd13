"""A folder of pictures, with a description of what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from onnxprune.calibration.batch import fixed_batch, open_batch, shape_text, some, spaced
from onnxprune.calibration.cutting import BATCH
from onnxprune.calibration.hugging_face import from_hugging_face
from onnxprune.calibration.picture import check_picture, need_pillow, picture
from onnxprune.calibration.preprocess import COLORS, EXAMPLE, HUGGING_FACE, TOML, Preprocess, parsed
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.stored import only_input, sha256_of_all
from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec
from onnxprune.runtime.axes import channel_axis

_KINDS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def _files(folder: Path) -> list[Path]:
    """Those in folders of the folder as well: classes are often kept apart so."""
    there = (path for path in folder.rglob("*") if path.suffix.lower() in _KINDS and not path.name.startswith("."))
    return sorted((path for path in there if path.is_file()), key=lambda path: path.relative_to(folder).parts)


def _fits(text: str) -> bool:
    return Path(text).is_dir() and bool(_files(Path(text)))


@source("FOLDER of pictures", _fits, preprocess=True)
def pictures(request: Request) -> Found:
    """Pictures are decoded when a call is asked for."""
    need_pillow(request.text)
    spec, there = only_input(request.specs, request.text), _files(request.path)
    how = _completed(_description(request), spec, request.text)
    size, last = _size(how, spec, request.text), _channel_axis(spec, how) == 3
    files = [there[i] for i in spaced(len(there), request.samples)]
    calls = _batches(files, spec, request.text)
    left = sum(map(len, calls))
    for path in files[:left]:
        check_picture(path)

    def make(index: int) -> dict[str, Array]:
        return {spec.name: np.stack([picture(path, how, size, last) for path in calls[index]])}

    def where(index: int) -> str:
        return f"{calls[index][0]} and {len(calls[index]) - 1} more"

    digest = sha256_of_all(files[:left], repr(how), repr(size))
    return Found(len(calls), make, where, digest, tuple(map(len, calls)), warnings=_dropped(len(files) - left, request))


def _description(request: Request) -> Preprocess:
    beside = [request.path / TOML, request.path / HUGGING_FACE]
    path = request.preprocess or next((path for path in beside if path.is_file()), None)
    if path is None:
        raise InputError(
            f"{request.text}: nothing says what becomes of a picture before the model sees it; write a {TOML} there, "
            f"one key a line, such as {EXAMPLE}"
        )
    return from_hugging_face(path) if path.suffix.lower() == ".json" else parsed(path)


def _completed(how: Preprocess, spec: InputSpec, name: str) -> Preprocess:
    """With the scale that the input's type asks for. Raises InputError where the input takes no such pictures."""
    if len(spec.shape) != 4 or spec.dtype in ("str", "bool"):
        raise InputError(f"{name}: the input '{spec.name}' ({spec.dtype}{shape_text(spec.shape)}) takes no pictures")
    channels, made = spec.shape[_channel_axis(spec, how)], COLORS[how.color]
    if isinstance(channels, int) and channels != made:
        raise InputError(
            f"{name}: the input '{spec.name}' takes {channels} channels, but the color {how.color} has {made}"
        )
    usual = 1 / 255 if "float" in spec.dtype else 1.0
    return how if how.scale is not None else replace(how, scale=usual)


def _channel_axis(spec: InputSpec, how: Preprocess) -> int:
    """The one that is as long as the color has channels, or else the usual one."""
    fitting = [axis for axis in (1, 3) if spec.shape[axis] == COLORS[how.color]]
    return fitting[0] if fitting else channel_axis(spec)


def _size(how: Preprocess, spec: InputSpec, name: str) -> tuple[int, int]:
    first = 1 if _channel_axis(spec, how) == 3 else 2
    model = spec.shape[first : first + 2]
    height, width = how.size or model
    if not isinstance(height, int) or not isinstance(width, int):
        raise InputError(f"{name}: the model leaves the size of a picture open, so the description must give a size")
    for made, wanted in zip((height, width), model, strict=True):
        if isinstance(wanted, int) and made != wanted:
            sizes = f"{height} x {width}, but the input '{spec.name}' takes {shape_text(spec.shape)}"
            raise InputError(f"{name}: the description makes pictures of {sizes}")
    return height, width


def _batches(files: Sequence[Path], spec: InputSpec, name: str) -> list[Sequence[Path]]:
    fixed = None if open_batch(spec) is not None else fixed_batch(spec)
    width = fixed or BATCH
    calls = [files[i : i + width] for i in range(0, len(files), width)]
    calls = [call for call in calls if not fixed or len(call) == fixed]
    if not calls:
        raise InputError(f"{name}: the input '{spec.name}' takes {fixed} pictures at a time, more than {len(files)}")
    return calls


def _dropped(count: int, request: Request) -> tuple[str, ...]:
    return (f"{request.text}: {some(count, 'picture')} at the end, too few for a batch, left out",) if count else ()
