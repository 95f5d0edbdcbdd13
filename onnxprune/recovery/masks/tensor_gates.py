"""Gates as tensors, so that what a gated model is fed has gradients.

The counterpart of `onnxprune.coupling.masks.Gates`: the mask of a product is the outer product of its factors' masks,
the mask of a sum their concatenation. What inputs are fed is made by the same functions for both (see
`onnxprune.rewrite.veil`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from onnxprune.coupling.masks import Gates
from onnxprune.coupling.terms import Atom, Product, Term, factors, resolve, segments


class TensorGates(Gates):
    """How much of every unit there is. gates: atom -> tensor [units]; units of atoms that are not named are whole"""

    def __init__(self, gates: Mapping[Atom, Any]) -> None:
        self.masks = dict(gates)
        self.orders = {}
        self.counts = {}

    def mask(self, term: Term) -> Any:
        """Tensor [length of the axis]; the axis must have a known length."""
        term = resolve(term)
        if isinstance(term, Atom):
            found = self.masks.get(term)
            return self._whole(term.size or 0) if found is None else found
        if isinstance(term, Product):
            whole = self._whole(1)
            for factor in factors(term):
                whole = torch.outer(whole, self.mask(factor)).reshape(-1)
            return whole
        return torch.cat([self.mask(s) for s in segments(term)]) if term.segments else self._whole(0)

    def share(self, term: Term) -> Any:
        """The mean of the gates along an axis of known length."""
        return self.mask(term).mean() if term.size else 1.0

    def _whole(self, size: int) -> Tensor:
        like = next(iter(self.masks.values()), None)
        return torch.ones(size, device=None if like is None else like.device)
