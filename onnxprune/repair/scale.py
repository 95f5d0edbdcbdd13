"""Scale: units that stay say what they said louder or softer, and nothing else."""

from __future__ import annotations

import numpy as np

from onnxprune.repair.edits import Edits
from onnxprune.repair.line import in_line
from onnxprune.repair.observed import Observed
from onnxprune.repair.registry import repair
from onnxprune.repair.solve import lacking, ridge
from onnxprune.repair.work import Work

Array = np.ndarray


@repair("scale")
def scale(work: Work) -> Edits:
    """A factor for each unit that stays, by least squares layer after layer (Kwon et al. 2022, mask tuning; KCM, COMP).

    The factors go into the weights that read the units, one for every index of the axis that a layer sums over: for
    attention, one for every dimension of a head. They are near 1 where data say nothing. The mean of what is still
    missing goes into the bias, as with `bias`, on which the factors are fitted.
    """
    return in_line(work, lambda seen: rescaled(seen, work.damping))


def rescaled(seen: Observed, damping: float) -> tuple[Array | None, Array]:
    """The weight with its columns rescaled, as it is stored, and what its bias gains [groups * outputs].

    The factors 1 + c minimise E|missing - sum c_u W_u x_u|^2 + damping * mean variance * |c|^2, all less their means,
    x_u being what is read of unit u. No weight where others read it too.
    """
    if seen.layer.shares:
        return None, lacking(seen)
    weight = seen.weight.astype(np.float64)
    groups, outputs, units, taps = weight.shape
    rows = weight.reshape(groups, outputs, -1)
    products = (rows.swapaxes(1, 2) @ rows) * seen.covariance
    products = products.reshape(groups, units, taps, units, taps).sum(axis=(2, 4))
    missing = (rows * seen.cross).sum(axis=1).reshape(groups, 1, units, taps).sum(axis=3)
    change = weight * ridge(missing, products, damping)[..., None]
    shift = seen.missing - np.einsum("god,gd->go", change.reshape(rows.shape), seen.read)
    return seen.layer.like_stored(weight + change), shift.ravel()
