"""Keep-masks: which indices of an axis stay, given which units of every atom stay; and gates, which let a part through.

The mask of a product is the outer product of its factors' masks, the mask of a sum is their concatenation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

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

    def share(self, term: Term) -> float:
        """What stays of an axis, in parts of one."""
        return self.kept(term) / (term.size or 1)

    def among(self, wanted: Callable[[Atom], bool]) -> Self:
        """The same for some atoms; all others keep everything."""
        return type(self)({atom: mask for atom, mask in self.masks.items() if wanted(atom)})


class Gates(Keep):
    """How much of every unit there is: 1 all of it, 0 nothing. Atoms that are named count as touched at 1 as well.

    gates: atom -> float array [units]
    """

    def __init__(self, gates: Mapping[Atom, np.ndarray]) -> None:
        self.masks = {atom: np.asarray(gate, np.float64) for atom, gate in gates.items()}
        self.counts = {}

    def share(self, term: Term) -> float:
        """The mean of the gates along an axis of known length."""
        return float(self.mask(term).mean()) if term.size else 1.0


ALL = Keep({})
"""Nothing is removed."""
