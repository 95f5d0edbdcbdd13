"""From stored tensors to units: statistics of a tensor along an axis, projected onto the units of one atom."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from onnxprune.coupling import Group, Site
from onnxprune.coupling.terms import Atom, Product, Term, factors, leaves, resolve, segments

Array = np.ndarray


def project(term: Term, vector: Array, atom: Atom) -> Array:
    """Sum a vector over an axis's indices [length] into one value per unit of an atom [units].

    An index of a product belongs to one unit of each factor; an atom that occurs twice collects from both places.
    """
    term = resolve(term)
    total = np.zeros(atom.size or 0)
    if isinstance(term, Atom):
        return vector if term is atom else total
    if isinstance(term, Product):
        parts = factors(term)
        grid = vector.reshape([p.size or 1 for p in parts])
        for i, part in enumerate(parts):
            if atom in leaves(part):
                total = total + project(part, grid.sum(axis=tuple(k for k in range(len(parts)) if k != i)), atom)
        return total
    at = 0
    for part in segments(term):
        size = part.size or 0
        if atom in leaves(part):
            total = total + project(part, vector[at : at + size], atom)
        at += size
    return total


def labels(term: Term, atom: Atom) -> Array:
    """Which unit of an atom every index of an axis belongs to: [length], -1 for none."""
    term = resolve(term)
    if isinstance(term, Atom):
        return np.arange(term.size or 0) if term is atom else np.full(term.size or 0, -1)
    if isinstance(term, Product):
        found = np.full(1, -1)
        for part in factors(term):
            own = labels(part, atom)
            found = np.where(own[None, :] >= 0, own[None, :], found[:, None]).ravel()
        return found
    parts = [labels(part, atom) for part in segments(term)]
    return np.concatenate(parts) if parts else np.zeros(0, int)


def per_unit(size: int, labels: Array, values: Array, *, mean: bool = False) -> Array:
    """The sum or mean of the values of an axis's indices [length] for every unit [size]; 0 for one that has none."""
    chosen = labels >= 0
    total = np.bincount(labels[chosen], values[chosen], size)
    return total / np.maximum(np.bincount(labels[chosen], minlength=size), 1) if mean else total


def along(values: Array, axis: int) -> Array:
    """The tensor as [before, axis, after], float."""
    shape = values.shape
    return values.reshape(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))


def sum_of_squares(values: Array, axis: int) -> Array:
    """Per index of the axis, the sum of squares of everything else, without a temporary of the tensor's size."""
    cube = along(_float(values), axis)
    return np.asarray(np.einsum("bna,bna->n", cube, cube, optimize=False).astype(np.float64))


def sum_of_magnitudes(values: Array, axis: int) -> Array:
    """Per index of the axis, the sum of absolute values of everything else."""
    cube = along(_float(values), axis)
    return np.asarray(sum(np.abs(block).sum(axis=1, dtype=np.float64) for block in cube))


def finite(values: Array) -> Array:
    """In float32, zero for what isn't finite, where a single such weight would spoil all."""
    return np.nan_to_num(np.asarray(values, np.float32), nan=0, posinf=0, neginf=0)


def _float(values: Array) -> Array:
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float32)


class Statistics:
    """Axis statistics of stored tensors, each computed once however many groups share the axis."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str], Array] = {}

    def units(self, group: Group, function: Callable[[Array, int], Array]) -> Iterator[tuple[Site, Array]]:
        """(site, value per unit) for every member of the group that carries weight."""
        for site in weights(group):
            key = (id(site.tensor), site.axis, function.__name__)
            if key not in self._found:
                self._found[key] = function(site.tensor.values, site.axis)
            yield site, project(site.term, self._found[key], group.atom)


def weights(group: Group) -> list[Site]:
    """The members that are matrices or kernels; all numeric members where there are none."""
    numeric = [s for s in group.members if s.tensor.dtype.kind in "fiuV"]
    return [s for s in numeric if len(s.tensor.shape) > 1] or numeric
