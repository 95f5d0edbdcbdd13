"""Stamps of Tux Paint out of Debian, on white: those of an ImageNet class for tests, others for calibration."""

import hashlib
import os
import tarfile
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np

from models.archives import tar_of
from models.errors import ObtainError
from models.recipe import Array
from models.registries import apt
from models.stamp_classes import CLASSES
from onnxprune.cache import cache_folder

SIDE = 224
MARGIN = 16
"""Pixels left white on each side."""
OTHERS = 256
"""Stamps of no class that are kept."""
_PACKAGE = "tuxpaint-stamps-default=2022.06.04-1"
_SHA256 = "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34"
_FOLDER = "./usr/share/tuxpaint/stamps/"


def labelled() -> tuple[Array, Array]:
    """(pictures uint8 [74, 224, 224, 3], classes), in the order of the table's names."""
    return _pictures()["labelled"], np.array([CLASSES[name] for name in sorted(CLASSES)])


def others() -> Array:
    """uint8 [256, 224, 224, 3]: pictures that are not among the labelled ones."""
    return _pictures()["others"]


@cache
def _pictures() -> dict[str, Array]:
    file = cache_folder() / "models" / "stamps" / "stamps-1.npz"
    if not file.is_file():
        _fetch(file)
    with np.load(file) as stored:
        return dict(stored)


def _fetch(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        package = apt(_PACKAGE, Path(scratch)).read_bytes()
        if hashlib.sha256(package).hexdigest() != _SHA256:
            raise ObtainError(f"{_PACKAGE} is not the package that was meant: its sha256 is another")
        fresh = Path(scratch) / file.name
        labelled, others = _read(package)
        np.savez_compressed(fresh, labelled=labelled, others=others)
        os.replace(fresh, file)


def _read(package: bytes) -> tuple[Array, Array]:
    with tarfile.open(fileobj=BytesIO(tar_of(package))) as tar:
        content = {
            entry.name.removeprefix(_FOLDER).removesuffix(".png"): file.read()
            for entry in tar
            if entry.name.endswith(".png") and (file := tar.extractfile(entry)) is not None
        }
    labelled, others = (np.stack([square(content[name]) for name in names]) for names in chosen(list(content)))
    return labelled, others


def chosen(names: list[str]) -> tuple[list[str], list[str]]:
    """Which stamps are for tests, and which for calibration: spread over all the others."""
    rest = sorted(set(names) - set(CLASSES))
    return sorted(CLASSES), rest[:: max(len(rest) // OTHERS, 1)][:OTHERS]


def square(png: bytes) -> Array:
    """uint8 [224, 224, 3]: the picture on white, its longer side as long as the margins leave."""
    from PIL import Image

    stamp = Image.open(BytesIO(png)).convert("RGBA")
    room = SIDE - 2 * MARGIN
    size = [max(round(length * room / max(stamp.size)), 1) for length in stamp.size]
    stamp = stamp.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    sheet = Image.new("RGBA", (SIDE, SIDE), "white")
    sheet.alpha_composite(stamp, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(sheet.convert("RGB"))
