"""Fashion-MNIST out of Debian: 60,000 training pictures and 10,000 test pictures of 28 x 28 greys, 10 classes.

Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017.
"""

import gzip
from functools import cache

import numpy as np

from models.packages import files_of, obtain_all
from models.recipe import Array
from models.registries import apt

SIDE = 28
MEAN, DEVIATION = 0.286, 0.353
_FILES = files_of(
    "dataset-fashion-mnist=0.0~git20200523.55506a9-1",
    "./usr/share/datasets/fashion-mnist",
    {
        "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
        "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
        "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
        "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    },
    apt,
)


@cache
def train() -> tuple[Array, Array]:
    """(pictures uint8 [60000, 28, 28], classes)."""
    return _read(slice(0, 2))


@cache
def test() -> tuple[Array, Array]:
    """(pictures uint8 [10000, 28, 28], classes)."""
    return _read(slice(2, 4))


def _read(part: slice) -> tuple[Array, Array]:
    images, classes = (idx(gzip.decompress(path.read_bytes())) for path in obtain_all(_FILES, "fashion_mnist")[part])
    return images, classes.astype(np.int64)


def idx(content: bytes) -> Array:
    """An array of bytes in the idx format: a magic number that ends with the rank, big-endian lengths, values."""
    if content[:3] != b"\0\0\x08":
        raise ValueError("not an idx file of unsigned bytes")
    rank = content[3]
    shape = np.frombuffer(content, ">i4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def scaled(images: Array) -> Array:
    """uint8 [n, 28, 28] -> float32 [n, 1, 28, 28], mean 0 and deviation 1 over the training pictures."""
    return np.asarray((images[:, None] / 255 - MEAN) / DEVIATION, np.float32)
