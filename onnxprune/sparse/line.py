"""Zeros in a model: layer after layer, each on what the sparse ones before it hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxprune.repair import Edits, Work
from onnxprune.repair.line import in_line
from onnxprune.repair.observed import Observed
from onnxprune.repair.solve import refit, ridge
from onnxprune.rewrite import Wrapper, sides
from onnxprune.sparse.descent import descend
from onnxprune.sparse.fisher import Gradients
from onnxprune.sparse.insight import Insight
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.registry import get
from onnxprune.sparse.support import refitted
from onnxprune.sparse.task import NOTHING, Known, Task

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one layer is to become. sparsity: the fraction of zeros; method: by name; settled: whether what stays is
    solved for once more, by least squares, when it is known what goes; least: the fraction of zeros that has to be;
    values: the type that they are written in, one of VALUES; wrap: the size of the blocks of matrices around it, 0 for
    none"""

    pattern: Pattern
    sparsity: float
    method: str
    settled: bool = True
    least: float = 0.0
    values: str = "float32"
    wrap: int = 0

    def weight(self, target: Array, gram: Array | None, damping: float, known: Known = NOTHING) -> Array:
        """The sparse weight for a target [outputs, inputs] by the method alone."""
        return get(self.method).function(self.task(target, gram, damping, known))

    def task(self, target: Array, gram: Array | None, damping: float, known: Known = NOTHING) -> Task:
        return Task(target, self.pattern, self.sparsity, gram, damping, known)


def sparsify(work: Work, wanted: Mapping[str, Wanted], *, mend: bool = True, slopes: Gradients | None = None) -> Edits:
    """Make layers sparse, after what the work's masks take is gone.

    wanted: by the layer's name; a weight that others read too stays as it is. mend: every layer from the first changed
    one on is brought back to what it made in the dense model, by the weights that stay and its bias, which also makes
    up for units that are gone; else a method sees what layers read now, and nothing changes but the weights named;
    slopes: gradients of the dense model, for methods that ask for them
    """
    alone = {name: wanted[name] for name in work.dense.layers if name in wanted and not work.dense.layers[name].shares}
    insight = Insight(work, {name: (want.pattern, get(want.method)) for name, want in alone.items()}, slopes)
    if not mend and not any(get(want.method).looks for want in alone.values()):
        return _unseen(work, alone, insight)
    by_weight = {work.dense.layers[name].stored.name: name for name in alone}
    wrappers: dict[str, Wrapper] = {}

    def mended(seen: Observed) -> tuple[Array | None, Array]:
        name = by_weight.get(seen.stored)
        if name is None:
            return refit(seen, work.damping)
        weight, shift, wrappers[seen.stored] = _mended(seen, alone[name], work.damping, insight(name))
        return weight, shift

    def made(seen: Observed) -> tuple[Array, None]:
        name = by_weight[seen.stored]
        weight, wrappers[seen.stored] = _made(seen, alone[name], work.damping, insight(name))
        return weight, None

    if mend:
        edits = in_line(work, mended, work.dense.from_first({*alone, *work.dense.damaged}))
    else:
        edits = in_line(work, made, list(alone), biased=False)
    edits.wrappers = {name: wrapper for name, wrapper in wrappers.items() if wrapper}
    return edits


def matrix(weight: Array) -> Array:
    """A layer's weight [1, outputs, units, taps] as [outputs, inputs], float64; the taps of a unit side by side."""
    return np.asarray(weight[0].reshape(weight.shape[1], -1), np.float64)


def products(seen: Observed) -> Array:
    """The mean of products of what is read, about zero [inputs, inputs]."""
    mean = seen.read[0]
    return np.asarray(seen.covariance[0] + np.outer(mean, mean))


def _mended(seen: Observed, want: Wanted, damping: float, known: Known) -> tuple[Array, Array, Wrapper]:
    """The sparse weight closest to the dense output, as stored, what the bias gains, and its factors."""
    before = matrix(seen.weight)
    target = before + ridge(seen.cross, seen.covariance, damping)[0]
    task = want.task(target, seen.covariance[0], damping, known)
    weight = get(want.method).function(task)
    if want.settled:
        weight = refitted(weight, target, task.damped)
    weight, wrapper = _wrapped(seen, task, weight, want)
    shift = seen.missing[0] - (weight - before) @ seen.read[0]
    return _stored(seen, weight), shift, wrapper


def _made(seen: Observed, want: Wanted, damping: float, known: Known) -> tuple[Array, Wrapper]:
    """The weight that the method makes of the dense one, as stored, and its factors."""
    task = want.task(matrix(seen.weight), products(seen), damping, known)
    weight, wrapper = _wrapped(seen, task, get(want.method).function(task), want)
    return _stored(seen, weight), wrapper


def _wrapped(seen: Observed, task: Task, weight: Array, want: Wanted) -> tuple[Array, Wrapper]:
    """A weight between block-diagonal matrices, and these; as it is where they gain nothing, or there can be none."""
    layer, (_, outputs, channels, _) = seen.layer, seen.weight.shape
    outer, inner = sides(layer, outputs, channels, want.wrap) if get(want.method).wraps else (0, 0)
    if not outer and not inner:
        return weight, Wrapper()
    made = descend(task, weight, outer, inner)
    if made.outer is None and made.inner is None:
        return made.core, Wrapper()
    found = made.rounded()
    return found.weight, Wrapper(found.outer, found.inner, _stored(seen, found.core))


def _stored(seen: Observed, weight: Array) -> Array:
    return seen.layer.like_stored(weight.reshape(seen.weight.shape))


def _unseen(work: Work, wanted: Mapping[str, Wanted], insight: Insight) -> Edits:
    """By weights, and by what a method asks for besides: what layers read is not looked at."""
    edits, narrow = Edits(), work.narrow()
    for name, want in wanted.items():
        layer = narrow.layers[name]
        before = layer.weight()
        made = want.weight(matrix(before), None, work.damping, insight(name))
        work.note(edits, narrow, name, layer.like_stored(made.reshape(before.shape)), None)
    return edits
