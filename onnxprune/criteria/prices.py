"""What a unit costs, for criteria that divide by it."""

from __future__ import annotations

import numpy as np

from onnxprune.budget import macs
from onnxprune.coupling import Group
from onnxprune.criteria.registry import Context


def relief(context: Context, group: Group) -> float:
    """The share of the dense model's multiply-accumulates that goes with one unit of a group; above 0."""
    return float(context.at_once("relief", lambda: _all(context))[group.id])


def _all(context: Context) -> dict[str, np.ndarray]:
    cost = macs(context.analysis, context.shapes)
    shares = {g.id: -cost.change({}, g.atom, g.size - 1) / max(cost.total(), 1e-30) for g in context.groups}
    return {name: np.asarray(max(share, 1e-12)) for name, share in shares.items()}
