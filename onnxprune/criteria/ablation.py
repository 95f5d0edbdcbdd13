"""Ablation: what the model's outputs lose when a unit goes, tried out."""

from __future__ import annotations

import math

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, criterion
from onnxprune.progress import counted

Array = np.ndarray

ROUNDS = 64
"""How many trials a group takes at the most. Units of wider groups go several at a time."""


@criterion("ablation", trials=True)
def ablation(context: Context, group: Group) -> Array:
    """Rise of the loss when a unit alone goes (Michel et al. 2019, "Are Sixteen Heads Really Better than One?").

    The loss is the divergence of the outputs from the dense ones on data, where the authors (and Lin et al. 2024,
    "MoPE-CLIP", for modules of all kinds) measure that of a task. In wide groups, neighbours in the order of their
    norms go together and share the rise. It takes a run over some data for every unit, or 64 for a group.
    """
    if context.trials is None or group.id not in context.trials.sizes:
        return energy(context, group)
    norms = l2(context, group)
    order, scores = np.argsort(norms, kind="stable"), np.zeros(group.size)
    blocks = np.array_split(order, min(group.size, ROUNDS))
    for number, block in enumerate(blocks):
        context.trials.tell(counted(f"{group.id}: leaving out unit", number, len(blocks)))
        gate = np.ones(group.size)
        gate[block] = 0
        scores[block] = _finite(context.trials.loss({group.id: gate})) / len(block)
    return _untied(scores, norms)


def _finite(loss: float) -> float:
    return loss if math.isfinite(loss) else float(np.finfo(np.float32).max)


def _untied(scores: Array, norms: Array) -> Array:
    """What went together is told apart by its norm, a little."""
    return np.asarray(scores * (1 + 1e-6 * norms / max(float(norms.max()), np.finfo(float).tiny)))
