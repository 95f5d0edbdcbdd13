"""Zeros in a model: layer after layer, each on what the sparse ones before it hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxprune.repair import Edits, Work
from onnxprune.repair.line import in_line
from onnxprune.repair.observed import Observed
from onnxprune.repair.solve import refit, ridge
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.registry import get
from onnxprune.sparse.support import refitted
from onnxprune.sparse.task import Task

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one layer is to become. sparsity: the fraction of zeros; method: by name; settled: whether what stays is
    solved for once more, by least squares, when it is known what goes; least: the fraction of zeros that has to be;
    values: the type that they are written in, one of VALUES"""

    pattern: Pattern
    sparsity: float
    method: str
    settled: bool = True
    least: float = 0.0
    values: str = "float32"

    def weight(self, target: Array, gram: Array | None, damping: float) -> Array:
        """The sparse weight for a target [outputs, inputs] by the method alone."""
        return get(self.method).function(self.task(target, gram, damping))

    def task(self, target: Array, gram: Array | None, damping: float) -> Task:
        return Task(target, self.pattern, self.sparsity, gram, damping)


def sparsify(work: Work, wanted: Mapping[str, Wanted], *, mend: bool = True) -> Edits:
    """Make layers sparse, after what the work's masks take is gone.

    wanted: by the layer's name; a weight that others read too stays as it is. mend: every layer from the first changed
    one on is brought back to what it made in the dense model, by the weights that stay and its bias, which also makes
    up for units that are gone; else a method sees what layers read now, and nothing changes but the weights named.
    """
    alone = {name: want for name, want in wanted.items() if not work.dense.layers[name].shares}
    if not mend and not any(get(want.method).looks for want in alone.values()):
        return _unseen(work, alone)
    by_weight = {work.dense.layers[name].stored.name: want for name, want in alone.items()}
    if mend:
        names = work.dense.from_first({*alone, *work.dense.damaged})
        return in_line(work, lambda seen: _mended(seen, by_weight.get(seen.stored), work.damping), names)
    names = [name for name in work.dense.layers if name in alone]
    return in_line(work, lambda seen: (_made(seen, by_weight[seen.stored], work.damping), None), names, biased=False)


def matrix(weight: Array) -> Array:
    """A layer's weight [1, outputs, units, taps] as [outputs, inputs], float64; the taps of a unit side by side."""
    return np.asarray(weight[0].reshape(weight.shape[1], -1), np.float64)


def products(seen: Observed) -> Array:
    """The mean of products of what is read, about zero [inputs, inputs]."""
    mean = seen.read[0]
    return np.asarray(seen.covariance[0] + np.outer(mean, mean))


def _mended(seen: Observed, want: Wanted | None, damping: float) -> tuple[Array | None, Array]:
    """The sparse weight closest to the dense output, as stored, and what the bias gains."""
    if want is None:
        return refit(seen, damping)
    before = matrix(seen.weight)
    target = before + ridge(seen.cross, seen.covariance, damping)[0]
    task = want.task(target, seen.covariance[0], damping)
    weight = get(want.method).function(task)
    if want.settled:
        weight = refitted(weight, target, task.damped)
    shift = seen.missing[0] - (weight - before) @ seen.read[0]
    return _stored(seen, weight), shift


def _made(seen: Observed, want: Wanted, damping: float) -> Array:
    """The weight that the method makes of the dense one, as stored."""
    return _stored(seen, want.weight(matrix(seen.weight), products(seen), damping))


def _stored(seen: Observed, weight: Array) -> Array:
    return seen.layer.like_stored(weight.reshape(seen.weight.shape))


def _unseen(work: Work, wanted: Mapping[str, Wanted]) -> Edits:
    """By weights alone; nothing is run."""
    edits, narrow = Edits(), work.narrow()
    for name, want in wanted.items():
        layer = narrow.layers[name]
        before = layer.weight()
        made = want.weight(matrix(before), None, work.damping)
        work.note(edits, narrow, name, layer.like_stored(made.reshape(before.shape)), None)
    return edits
