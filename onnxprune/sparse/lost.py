"""What zeros cost a layer, seen quickly: the share of the variance of what it makes that is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from onnxprune.repair import Work
from onnxprune.repair.line import in_line
from onnxprune.repair.observed import Observed
from onnxprune.sparse.line import Wanted, matrix
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.registry import get
from onnxprune.sparse.support import conjugate_gradients

Array = np.ndarray

QUICK, SOLVED = "wanda", 3
"""A method that tells losses apart in no time, and steps towards what the weights that stay can make up for."""


def losses(
    work: Work, options: Mapping[str, tuple[Wanted, Iterable[Pattern], Sequence[float]]]
) -> dict[str, dict[str, Array]]:
    """Layer -> pattern -> the share lost at each sparsity, on the dense model. work: without masks

    options: layer -> what it is to become, and the patterns and sparsities that are tried; a pattern that fixes its own
    sparsity has one loss
    """
    by_weight = {work.dense.layers[name].stored.name: name for name in options}
    found: dict[str, dict[str, Array]] = {}

    def look(seen: Observed) -> tuple[None, None]:
        name = by_weight[seen.stored]
        want, patterns, sparsities = options[name]
        found[name] = {str(p): _lost(seen, replace(want, pattern=p), sparsities, work.damping) for p in patterns}
        return None, None

    in_line(work, look, [name for name in work.dense.layers if name in options], biased=False)
    return found


def _lost(seen: Observed, want: Wanted, sparsities: Sequence[float], damping: float) -> Array:
    target, gram = matrix(seen.weight), seen.covariance[0]
    tried = sparsities if want.pattern.sparsity is None else (want.pattern.sparsity,)
    found = []
    for sparsity in tried:
        task = replace(want, sparsity=float(sparsity)).task(target, gram, damping)
        weight = conjugate_gradients(get(QUICK).function(task), target, task.damped, SOLVED)
        found.append(task.loss(weight) / max(task.loss(np.zeros_like(target)), 1e-300))
    return np.array(found)
