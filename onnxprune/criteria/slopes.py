"""What criteria make of gradients: for every coupled tensor by its weights, for every unit by its gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.registry import Context
from onnxprune.criteria.units import along, finite, project, weights

Array = np.ndarray


def by_member(
    context: Context, group: Group, measure: Callable[..., Array], what: Sequence[str], *, mean: bool = False
) -> list[Array]:
    """A measure of weights and of what is known of their gradients, summed for every unit: [units] for every coupled
    tensor that is learned.

    measure: (weight, *what), all of a tensor's shape -> the same shape; what: see `Gradients`; mean: over the weights
    of a unit, not their sum
    """
    assert context.gradients is not None
    found = []
    known = [context.gradients(kind) for kind in what]
    for site in weights(group):
        stored = site.tensor.values
        slopes = [finite(one[site.tensor.name]) for one in known if site.tensor.name in one]
        if stored.dtype.kind not in "fV" or [s.shape for s in slopes] != [stored.shape] * len(known):
            continue
        cube = along(finite(measure(np.asarray(stored, np.float32), *slopes)), site.axis)
        total = project(site.term, cube.sum(axis=(0, 2), dtype=np.float64), group.atom)
        if mean:
            many = project(site.term, np.full(cube.shape[1], float(cube.shape[0] * cube.shape[2])), group.atom)
            total = total / np.maximum(many, 1)
        found.append(total)
    return found


def by_gate(context: Context, group: Group, what: str = "gates") -> Array | None:
    """Gradients by the factor of every unit, [samples, units]; None where the group has no gate."""
    assert context.gradients is not None
    found = context.gradients(what).get(group.id)
    return None if found is None else np.nan_to_num(found, posinf=0, neginf=0)
