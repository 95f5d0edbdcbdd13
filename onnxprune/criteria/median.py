"""Geometric median: a unit close to all the others can be replaced by them."""

from __future__ import annotations

import math

import numpy as np

from onnxprune.coupling import Group, Site
from onnxprune.coupling.terms import resolve
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.units import along, weights


@criterion("geometric_median", aggregate="sum")
def geometric_median(context: Context, group: Group) -> np.ndarray:
    """Sum of distances to the other units' weights (He et al. 2019, "Filter Pruning via Geometric Median", FPGM).

    Taken over coupled tensors in which the group is a whole axis; norms where there is none.
    """
    distances = [_distances(site) for site in weights(group) if resolve(site.term) is group.atom]
    return context.aggregated(distances) if distances else l2(context, group)


def _distances(site: Site) -> np.ndarray:
    """Per unit, the sum of Euclidean distances to all units, by the Gram matrix [units, units]."""
    values = np.asarray(site.tensor.values, np.float32)
    rows = along(values, site.axis).transpose(1, 0, 2).reshape(values.shape[site.axis], -1)
    squares = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
    gram = (rows @ rows.T).astype(np.float64)
    gaps = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * gram, 0))
    return np.asarray(gaps.sum(axis=1) / math.sqrt(rows.shape[1]))
