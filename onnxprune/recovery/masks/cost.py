"""What a gated model costs, with gradients: the project's own cost over how many units of each group are expected.

A cost is a sum of products of lengths; the product of expected lengths stands for the expected product, which it is
where lengths are of different groups. With gates of 0 and 1 it is the cost of what they leave, exactly. What kernels
pad to whole blocks (a cost fitted to times) counts in proportion to the dense length's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from onnxprune.coupling.terms import Atom, Term, length, show


class Counts(Protocol):
    """What of an axis's length counts."""

    value: Any

    def of(self, size: int) -> int: ...


class Product(Protocol):
    """A factor times lengths, as `onnxprune.budget.Monomial`."""

    @property
    def factor(self) -> float: ...

    @property
    def axes(self) -> tuple[Term, ...]: ...

    @property
    def counting(self) -> tuple[Any, ...]: ...


class CostOf(Protocol):
    """As `onnxprune.budget.Cost`."""

    constant: float

    @property
    def monomials(self) -> list[Any]: ...

    @property
    def whole(self) -> float: ...


class ExpectedCost:
    """A cost as a fraction of the dense model's. cost: in any unit; device: where counts are"""

    def __init__(self, cost: CostOf, device: torch.device) -> None:
        self._terms: dict[str, tuple[Term, float]] = {}
        rows = [self._row(m.axes, m.counting) for m in cost.monomials]
        factors = [m.factor * constant for m, (_, constant) in zip(cost.monomials, rows, strict=True)]
        widest = max((len(places) for places, _ in rows), default=0)
        padded = [[*places, *[0] * (widest - len(places))] for places, _ in rows]
        self._places = torch.tensor(padded, dtype=torch.long, device=device).reshape(len(rows), widest)
        self._factors = torch.tensor(factors, dtype=torch.float64, device=device) / cost.whole
        self._constant = cost.constant / cost.whole
        self._device = device

    def __call__(self, counts: Mapping[Atom, Tensor]) -> Tensor:
        """The fraction when so many units of every group are expected; others keep all of theirs."""
        one = torch.ones((), dtype=torch.float64, device=self._device)
        lengths = [one]

        def size(atom: Atom) -> Any:
            return counts.get(atom, 1 if atom.size is None else atom.size)

        for term, scale in self._terms.values():
            lengths.append(one * length(term, size) * scale)
        return (torch.stack(lengths)[self._places].prod(1) * self._factors).sum() + self._constant

    def _row(self, axes: Sequence[Term], counting: Iterable[Any]) -> tuple[list[int], float]:
        """Places of the lengths of a product's axes, and what counts of them without being one."""
        places, constant, known = [], 1.0, list(counting)
        for number, term in enumerate(axes):
            whole = max(length(term, lambda atom: atom.size or 1), 1)
            counted = known[number].of(whole) if known else whole
            if known and known[number].value == "broken":
                constant *= counted
                continue
            key = f"{show(term)} {counted}"
            self._terms.setdefault(key, (term, counted / whole))
            places.append(list(self._terms).index(key) + 1)
        return places, constant
