"""Knowledge: what a unit does for the predictions, and for what the layer behind it makes."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.activation import over_readers
from onnxprune.criteria.fisher import fisher
from onnxprune.criteria.prices import relief
from onnxprune.criteria.registry import Context, Needs, criterion

Array = np.ndarray

REPRESENTED = 2.5e-4
"""How much what layers make counts beside the predictions: the authors' lambda_rep, with lambda_pred = 1."""


@criterion("kprune", Needs.MOMENTS, gradients=True, aggregate="sum", losses=True)
def kprune(context: Context, group: Group) -> Array:
    """Predictive and representational knowledge of a unit, over its cost (Park et al. 2024, "K-prune").

    (E[(dL/dm)^2] / 2 + 2.5e-4 * mean square of the unit * mean square of the weights that read it) over the
    multiply-accumulates that it takes away, its columns averaged. The authors differentiate the divergence from the
    dense model, which has no slope before something went: as they go, layer by layer, it has. Here all is scored at
    once, so the first term is `fisher`, what that divergence is to second order. Their factor of 64 for heads goes with
    how they count costs, and is not taken.
    """
    made = over_readers(context, group, _represented, mean=True)
    return np.asarray((fisher(context, group) + REPRESENTED * made) / relief(context, group))


def _represented(layer: Layer, seen: Activation) -> Array:
    weight = np.asarray(layer.weight(), np.float32)
    return np.asarray(np.square(weight).mean(axis=1).sum(axis=2, dtype=np.float64).ravel() * seen.square)
