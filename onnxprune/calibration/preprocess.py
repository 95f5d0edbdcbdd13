"""What becomes of a picture before a model sees it, as `preprocess.toml` says it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.words import did_you_mean

TOML, HUGGING_FACE = "preprocess.toml", "preprocessor_config.json"

EXAMPLE = 'size = 224, resize = "crop", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]'

RESIZES = ("crop", "stretch", "pad")
COLORS = {"rgb": 3, "bgr": 3, "gray": 1}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


@dataclass(frozen=True, slots=True)
class Preprocess:
    """The steps, in this order.

    size: height and width of the result, by default the model's; resize: "crop" makes the shorter side size / crop
    and takes the middle, "stretch" ignores the aspect ratio, "pad" fits the whole picture in and leaves the rest
    black; color: rgb, bgr or gray; scale: a factor, by default 1/255 where the model takes floats, 1 where it takes
    whole numbers; mean, std: subtracted and divided by after that, one number or one per channel
    """

    size: tuple[int, int] | None = None
    resize: str = "crop"
    crop: float = 0.875
    interpolation: str = "bilinear"
    color: str = "rgb"
    scale: float | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


def parsed(path: Path) -> Preprocess:
    """The description in a TOML file. Raises InputError for what isn't one."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: isn't TOML: {error}") from error
    return checked(table, path)


def checked(table: Mapping[str, Any], path: Path) -> Preprocess:
    """The description that these keys and values make. Raises InputError naming the first one that is wrong."""
    known = [entry.name for entry in fields(Preprocess)]
    for key in table:
        if key not in known:
            close = did_you_mean(key, known) or f"; the keys are {', '.join(known)}"
            raise InputError(f"{path}: there is no key '{key}'{close}")
    made = {key: _value(key, value, path) for key, value in table.items()}
    found = Preprocess(**made)
    for name in ("mean", "std"):
        if len(getattr(found, name)) not in (1, COLORS[found.color]):
            wanted = f"one number, or {COLORS[found.color]} for the color {found.color}"
            raise InputError(f"{path}: {name} should be {wanted}, but is {table[name]!r}")
    return found


def _value(key: str, value: Any, path: Path) -> Any:
    made, should = _READERS[key](value)
    if made is None:
        raise InputError(f"{path}: {key} should be {should}, but is {value!r}")
    return made


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _size(value: Any) -> tuple[Any, str]:
    pair = [value, value] if isinstance(value, int) else value
    good = isinstance(pair, list) and len(pair) == 2
    good = good and all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 16384 for n in pair)
    return tuple(pair) if good else None, "a length, or [height, width]"


def _word(*known: str) -> Any:
    return lambda value: (value if value in known else None, f"one of {', '.join(known)}")


def _numbers(positive: bool) -> Any:
    def read(value: Any) -> tuple[Any, str]:
        values = value if isinstance(value, list) else [value]
        good = bool(values) and all(_number(n) and (n > 0 or not positive) for n in values)
        return tuple(float(n) for n in values) if good else None, f"{'positive ' * positive}numbers"

    return read


_READERS = {
    "size": _size,
    "resize": _word(*RESIZES),
    "crop": lambda value: (
        float(value) if _number(value) and 0 < value <= 1 else None,
        "a fraction above 0, at most 1",
    ),
    "interpolation": _word(*INTERPOLATIONS),
    "color": _word(*COLORS),
    "scale": lambda value: (float(value) if _number(value) and value > 0 else None, "a positive number"),
    "mean": _numbers(positive=False),
    "std": _numbers(positive=True),
}
