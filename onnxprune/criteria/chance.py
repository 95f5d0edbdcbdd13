"""Chance: the baseline that every other criterion has to beat."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.registry import Context, criterion


@criterion("random")
def random(context: Context, group: Group) -> np.ndarray:
    """Uniform random numbers, by seed."""
    return context.random.random(group.size)
