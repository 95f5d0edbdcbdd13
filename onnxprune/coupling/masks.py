"""Keep-masks: which indices of an axis stay, given which units of every atom stay.

The mask of a product is the outer product of its factors' masks, the mask of a sum is their concatenation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from onnxprune.coupling.terms import Atom, Product, Term, factors, leaves, length, resolve, segments


class Keep:
    """Which units stay. Atoms that are not named keep all of theirs.

    masks: atom -> bool array [units]
    """

    def __init__(self, masks: Mapping[Atom, np.ndarray]) -> None:
        self.masks = {a: np.asarray(m, bool) for a, m in masks.items() if not np.all(m)}
        self.counts = {a: int(m.sum()) for a, m in self.masks.items()}

    def __bool__(self) -> bool:
        return bool(self.masks)

    def touches(self, term: Term) -> bool:
        """Whether the axis loses anything."""
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

    def kept(self, term: Term) -> int:
        """Indices that stay; unknown lengths count as 1."""
        return length(term, lambda a: self.counts.get(a, 1 if a.size is None else a.size))


ALL = Keep({})
"""Nothing is removed."""
