"""A picture file as the array that a model takes. Pillow is imported inside functions: it is an extra."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onnxprune.calibration.preprocess import COLORS, Preprocess
from onnxprune.errors import InputError
from onnxprune.runtime import Array

if TYPE_CHECKING:
    from PIL.Image import Image


def need_pillow(where: str) -> None:
    """Raises InputError, with what to install, where Pillow is missing."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise InputError(f"{where}: pictures need Pillow: pip install 'onnxprune[images]'") from error


def check_picture(path: Path) -> None:
    """Look at the header only. Raises InputError where the file is no picture."""
    from PIL import Image

    try:
        Image.open(path).close()
    except Exception as error:  # Pillow's readers raise anything
        raise _broken(path, error) from error


def picture(path: Path, how: Preprocess, size: tuple[int, int], last: bool) -> Array:
    """[channels, height, width], or with the channels last; float32. Raises InputError where the file is broken."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            placed = _placed(opened.convert("L" if how.color == "gray" else "RGB"), how, size)
    except Exception as error:
        raise _broken(path, error) from error
    pixels = np.asarray(placed, np.float32).reshape(*size, COLORS[how.color])
    if how.color == "bgr":
        pixels = pixels[..., ::-1]
    assert how.scale is not None
    mean, std = np.asarray(how.mean, np.float32), np.asarray(how.std, np.float32)
    values = (pixels * np.float32(how.scale) - mean) / std
    return np.ascontiguousarray(values if last else values.transpose(2, 0, 1))


def _placed(image: Image, how: Preprocess, size: tuple[int, int]) -> Image:
    """The picture in its new size (height, width)."""
    height, width = size
    if how.resize == "stretch":
        return _resized(image, width, height, how)
    if how.resize == "pad":
        return _padded(image, how, size)
    factor = max(height / how.crop / image.height, width / how.crop / image.width)
    wide, high = (int(side * factor + 1e-6) for side in image.size)  # cut off, as torchvision and timm do
    wide, high = max(wide, width), max(high, height)
    left, top = round((wide - width) / 2), round((high - height) / 2)
    return _resized(image, wide, high, how).crop((left, top, left + width, top + height))


def _padded(image: Image, how: Preprocess, size: tuple[int, int]) -> Image:
    from PIL import Image as Images

    height, width = size
    factor = min(height / image.height, width / image.width)
    wide, high = max(round(image.width * factor), 1), max(round(image.height * factor), 1)
    made = Images.new(image.mode, (width, height))
    made.paste(_resized(image, wide, high, how), ((width - wide) // 2, (height - high) // 2))
    return made


def _resized(image: Image, width: int, height: int, how: Preprocess) -> Image:
    from PIL import Image as Images

    method: Any = Images.Resampling[how.interpolation.upper()]
    return image.resize((width, height), method)


def _broken(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).replace(f" {str(path)!r}", "").split())
    return InputError(f"{path}: can't be read as a picture: {text or type(error).__name__}")
