"""Relevance: how much of what the model says is owed to a unit."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.slopes import by_gate

Array = np.ndarray


@criterion("lrp", gradients=True, losses=True)
def lrp(context: Context, group: Group) -> Array:
    """Magnitude of a unit's relevance, the mean over samples (Yeom et al. 2021, "Pruning by Explaining", LRP).

    The score of the model's own top class is handed back layer by layer, to every input its share of what pushed an
    output up (`onnxprune.lift.relevance`); a layer's relevance sums to that score as long as nothing but linear layers,
    ReLU and pooling lies behind, so units of different layers compare. The authors take the true class of labelled
    samples, and prune a little at a time.
    """
    found = by_gate(context, group, "gates_relevance")
    return energy(context, group) if found is None else np.abs(found.mean(axis=0))
