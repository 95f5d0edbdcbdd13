"""Meeting a target: the highest level whose aligned widths cost no more, then single steps back up while they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.coupling.terms import Atom

BISECTIONS = 24
CLOSE = 0.995
"""A result that uses this much of the target is not refined further."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Units to keep by group id, the cost that makes, and whether the target was met."""

    counts: dict[str, int]
    cost: float
    met: bool


def fit(
    candidates: Sequence[Candidate], widths: Callable[[float], list[float]], cost: Cost, target: float | None
) -> Fit:
    """Choose widths whose cost is at most `target` (in the cost's unit) and as close to it as the steps allow.

    A candidate with a fixed ratio keeps to it. Without a target only those change.
    """
    counts = _counts(candidates, [float(c.group.size) for c in candidates])
    if target is not None and cost.total(counts) > target:
        counts = _bisect(candidates, widths, cost, target)
        _fill(candidates, cost, target, counts, widths)
    total = cost.total(counts)
    by_id = {c.group.id: counts[c.group.atom] for c in candidates}
    return Fit(by_id, total, target is None or total <= target * (1 + 1e-9))


def _counts(candidates: Sequence[Candidate], wanted: Sequence[float]) -> dict[Atom, int]:
    return {
        c.group.atom: c.align(w if c.ratio is None else (1 - c.ratio) * c.group.size)
        for c, w in zip(candidates, wanted, strict=True)
    }


def _bisect(
    candidates: Sequence[Candidate], widths: Callable[[float], list[float]], cost: Cost, target: float
) -> dict[Atom, int]:
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if cost.total(_counts(candidates, widths(middle))) <= target:
            low = middle
        else:
            high = middle
    return _counts(candidates, widths(low))


def _fill(
    candidates: Sequence[Candidate],
    cost: Cost,
    target: float,
    counts: dict[Atom, int],
    widths: Callable[[float], list[float]],
) -> None:
    """Give steps back, the relatively narrowest group first, until none fits any more."""
    total = cost.total(counts)
    open_ = [c for c in candidates if c.ratio is None]
    while open_ and total < target * CLOSE:
        open_.sort(key=lambda c: counts[c.group.atom] / c.group.size)
        for candidate in open_:
            atom = candidate.group.atom
            wider = candidate.above(counts[atom])
            extra = cost.change(counts, atom, wider)
            if wider > counts[atom] and total + extra <= target:
                counts[atom], total = wider, total + extra
                break
            open_.remove(candidate)
            break
