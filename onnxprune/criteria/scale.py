"""Normalisation scale: a channel that its batch normalisation multiplies by little contributes little."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.units import project

NORMS = frozenset(
    "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization".split()
)


@criterion("bn_scale", aggregate="sum")
def bn_scale(context: Context, group: Group) -> np.ndarray:
    """Absolute scale of the normalisations that the group passes through (Liu et al. 2017, "Network Slimming").

    Groups without one (exporters fold batch normalisation into convolutions) are scored by their norm.
    """
    scales = [
        project(site.term, np.abs(site.tensor.values.ravel()).astype(np.float64), group.atom)
        for site in group.members
        if any(n.op in NORMS and n.inputs[1] is site.tensor for n in site.tensor.outputs)
    ]
    return context.aggregated(scales) if scales else l2(context, group)
