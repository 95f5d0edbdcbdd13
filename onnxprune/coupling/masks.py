"""Keep-masks: which indices of an axis stay, given which units of every atom stay; and gates, which let a part through.

The mask of a product is the outer product of its factors' masks, the mask of a sum is their concatenation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np

from onnxprune.coupling.terms import Atom, Product, Term, factors, leaves, length, resolve, segments


class Keep:
    """Which units stay, and in which order. Atoms that are not named keep all of theirs.

    masks: atom -> bool array [units], or the units that stay [ints] in the order that they are to have
    """

    def __init__(self, masks: Mapping[Atom, np.ndarray]) -> None:
        self.orders = {a: np.asarray(m) for a, m in masks.items() if np.asarray(m).dtype.kind in "iu"}
        known = {a: _mask_of(a, self.orders[a]) if a in self.orders else np.asarray(m, bool) for a, m in masks.items()}
        self.masks = {a: m for a, m in known.items() if a in self.orders or not np.all(m)}
        self.counts = {a: int(m.sum()) for a, m in self.masks.items()}

    def __bool__(self) -> bool:
        return bool(self.masks)

    def touches(self, term: Term) -> bool:
        """Whether the axis loses anything, or gets another order."""
        return any(leaf in self.masks for leaf in leaves(term))

    def mask(self, term: Term) -> np.ndarray:
        """Bool array [length of the axis]; the axis must have a known length."""
        term = resolve(term)
        if isinstance(term, Atom):
            found = self.masks.get(term)
            return np.ones(term.size or 0, bool) if found is None else found
        if isinstance(term, Product):
            whole = np.ones(1, bool)
            for factor in factors(term):
                whole = np.outer(whole, self.mask(factor)).ravel()
            return whole
        return np.concatenate([self.mask(s) for s in segments(term)]) if term.segments else np.ones(0, bool)

    def indices(self, term: Term) -> np.ndarray:
        """The indices of an axis that stay, in their order; the axis must have a known length."""
        term = resolve(term)
        if not self.orders or isinstance(term, Atom):
            return self.orders[term] if term in self.orders else np.flatnonzero(self.mask(term))
        if isinstance(term, Product):
            whole = np.zeros(1, np.int64)
            for factor in factors(term):
                whole = np.add.outer(whole * (factor.size or 1), self.indices(factor)).ravel()
            return whole
        starts = np.cumsum([0, *(s.size or 0 for s in segments(term))])
        parts = [start + self.indices(s) for start, s in zip(starts, segments(term), strict=False)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def kept(self, term: Term) -> int:
        """Indices that stay; unknown lengths count as 1."""
        return length(term, lambda a: self.counts.get(a, 1 if a.size is None else a.size))

    def share(self, term: Term) -> float:
        """What stays of an axis, in parts of one."""
        return self.kept(term) / (term.size or 1)

    def among(self, wanted: Callable[[Atom], bool]) -> Self:
        """The same for some atoms; all others keep everything."""
        known = {**self.masks, **self.orders}
        return type(self)({atom: mask for atom, mask in known.items() if wanted(atom)})


def _mask_of(atom: Atom, order: np.ndarray) -> np.ndarray:
    mask = np.zeros(atom.size or 0, bool)
    mask[order] = True
    return mask


class Gates(Keep):
    """How much of every unit there is: 1 all of it, 0 nothing. Atoms that are named count as touched at 1 as well.

    gates: atom -> float array [units]
    """

    def __init__(self, gates: Mapping[Atom, np.ndarray]) -> None:
        self.masks = {atom: np.asarray(gate, np.float64) for atom, gate in gates.items()}
        self.orders = {}
        self.counts = {}

    def share(self, term: Term) -> float:
        """The mean of the gates along an axis of known length."""
        return float(self.mask(term).mean()) if term.size else 1.0


ALL = Keep({})
"""Nothing is removed."""
