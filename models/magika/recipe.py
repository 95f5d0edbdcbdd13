"""What type a file is, by its first and last kilobyte: embedding, one convolution, 214 classes."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.files import KINDS, make
from models.packages import PackagedFile
from models.recipe import Array, Feeds, Run, rng

FOLDER = "magika/models/standard_v3_3"
FILE = PackagedFile(
    "magika==1.0.3",
    f"{FOLDER}/model.onnx",
    "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
)
CONFIG = PackagedFile(
    "magika==1.0.3",
    f"{FOLDER}/config.min.json",
    "ae24c742205358f6ff6dfd5facb6743fb69743dbba8373e73da58ff0cbd695db",
)
PADDING = 256


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("magika")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one file each: bytes [1, 2048]."""
    return [{"bytes": features} for features, _ in _files(n, seed)]


def score(run: Run, n: int) -> float:
    """Accuracy on n files of 24 types that the standard library writes, or that are spun from a language."""
    labels = json.loads(CONFIG.obtain("magika").read_text(encoding="utf-8"))["target_labels_space"]
    hits = [labels[run({"bytes": features})[0].argmax()] == kind for features, kind in _files(n, seed=1)]
    return float(np.mean(hits))


def encoded(content: bytes) -> Array:
    """int32 [1, 2048]: the first 1024 bytes and the last, white space at the file's ends left out."""
    head, tail = content[:4096].lstrip()[:1024], content[-4096:].rstrip()[-1024:]
    features = np.full((1, 2048), PADDING, np.int32)
    features[0, : len(head)] = np.frombuffer(head, np.uint8)
    features[0, 2048 - len(tail) :] = np.frombuffer(tail, np.uint8)
    return features


def _files(n: int, seed: int) -> Iterator[tuple[Array, str]]:
    random, kinds = rng(seed), sorted(KINDS)
    for index in range(n):
        kind = kinds[index % len(kinds)]
        yield encoded(make(kind, random)), kind
