"""Measures of quality that more than one recipe uses."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.recipe import Array, Feeds, Run


def auc(positive: Array, negative: Array) -> float:
    """Area under the ROC curve: how often a positive value lies above a negative one, ties counted half."""
    both = np.concatenate([positive.ravel(), negative.ravel()])
    _, place, count = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place][: positive.size]
    return float((rank.sum() - positive.size * (positive.size + 1) / 2) / (positive.size * negative.size))


def iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 0 where both are empty."""
    return float((found & truth).sum() / max((found | truth).sum(), 1))


def cosine(a: Array, b: Array) -> float:
    """Cosine of two arrays taken as vectors; 0 where one is zero."""
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-30))


def agreement(run: Run, dense: Run, calls: Iterable[Feeds], output: int = 0) -> float:
    """Mean cosine of one output with the dense model's, call by call: 1 where they agree up to scale."""
    return float(np.mean([cosine(run(feeds)[output], dense(feeds)[output]) for feeds in calls]))


def accuracy(run: Run, name: str, inputs: Array, classes: Array, batch: int = 100) -> float:
    """How often the highest output along the last axis is the class, whatever axes come before; run in batches."""
    parts = (run({name: inputs[start : start + batch]})[0].argmax(-1) for start in range(0, len(inputs), batch))
    return float(np.mean(np.concatenate(list(parts)) == classes))


def bits(run: Run, name: str, inputs: Array, classes: Array, batch: int = 100) -> float:
    """Mean of -log2 of the probability that the output's last axis, taken as logits, gives to the class."""
    found = []
    for start in range(0, len(inputs), batch):
        logits = run({name: inputs[start : start + batch]})[0].astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        chosen = np.take_along_axis(logits, classes[start : start + batch, ..., None], -1)[..., 0]
        found.append((np.log(np.exp(logits).sum(-1)) - chosen) / np.log(2))
    return float(np.mean(np.concatenate(found)))
