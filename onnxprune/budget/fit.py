"""Meeting a target: the highest level whose aligned widths cost no more, then single steps back up while they fit.

Where whole steps leave more than a little of the target unused, halves and quarters of a step are given back too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.coupling.terms import Atom

Choose = Callable[[Sequence[Candidate], Mapping[Atom, int], Cost, float], dict[Atom, int]]
"""Chooses allowed widths (`Candidate.allowed`) for some candidates, given the counts of groups that are not free, such
that the cost is at most the target, or as low as it can be."""

BISECTIONS = 24
CLOSE = 0.985
"""A result that uses this much of the target is not refined further."""

PARTS = (1, 2, 4)
"""What steps may be divided by, unless said otherwise."""

ROUNDING = 1e-9
"""A cost above the target by no more than this share of it meets it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Units to keep by group id, the cost that makes, and whether the target was met."""

    counts: dict[str, int]
    cost: float
    met: bool


def fit(
    candidates: Sequence[Candidate],
    widths: Callable[[float], list[float]],
    cost: Cost,
    target: float | None,
    finer: Sequence[int] = PARTS,
) -> Fit:
    """Choose widths whose cost is at most `target` (in the cost's unit) and as close to it as the steps allow.

    A candidate with a fixed ratio keeps to it. Without a target only those change. finer: by what steps may be divided
    """
    counts = _counts(candidates, [float(c.group.size) for c in candidates])
    if target is not None and cost.total(counts) > target:
        counts = _bisect(candidates, widths, cost, target)
        _refine(candidates, cost, target, counts, finer)
        _trade(candidates, widths, cost, target, counts)
    return _told(candidates, cost, target, counts)


def choose(
    candidates: Sequence[Candidate],
    chooser: Choose,
    cost: Cost,
    target: float | None,
    finer: Sequence[int] = PARTS,
) -> Fit:
    """The same for a budget that chooses for a target by itself: it is asked for whole steps."""
    counts = _counts(candidates, [float(c.group.size) for c in candidates])
    if target is not None and cost.total(counts) > target:
        free = [c for c in candidates if c.ratio is None]
        held = {c.group.atom: counts[c.group.atom] for c in candidates if c.ratio is not None}
        counts = {**held, **chooser(free, held, cost, target)}
        _refine(candidates, cost, target, counts, finer)
    return _told(candidates, cost, target, counts)


def _refine(
    candidates: Sequence[Candidate], cost: Cost, target: float, counts: dict[Atom, int], finer: Sequence[int]
) -> None:
    """Give steps back, whole ones and parts of them."""
    for factor in finer:
        _fill([c.finer(factor) for c in candidates], cost, target, counts)


def _told(candidates: Sequence[Candidate], cost: Cost, target: float | None, counts: Mapping[Atom, int]) -> Fit:
    total = cost.total(counts)
    by_id = {c.group.id: counts[c.group.atom] for c in candidates}
    return Fit(by_id, total, target is None or total <= target * (1 + ROUNDING))


def _trade(
    candidates: Sequence[Candidate],
    widths: Callable[[float], list[float]],
    cost: Cost,
    target: float,
    counts: dict[Atom, int],
) -> None:
    """Where one group's step is too large to give back, give it back all the same and take from the others."""
    for candidate in sorted(
        candidates, key=lambda c: -cost.change(counts, c.group.atom, c.above(counts[c.group.atom]))
    ):
        if cost.total(counts) >= target * CLOSE or candidate.ratio is not None:
            return
        atom = candidate.group.atom
        held = {atom: candidate.above(counts[atom])}
        trial = _bisect(candidates, widths, cost, target, held)
        _fill([c for c in candidates if c is not candidate], cost, target, trial)
        if cost.total(counts) < cost.total(trial) <= target:
            counts.update(trial)


def _counts(
    candidates: Sequence[Candidate], wanted: Sequence[float], held: Mapping[Atom, int] | None = None
) -> dict[Atom, int]:
    counts = {
        c.group.atom: c.align(w if c.ratio is None else (1 - c.ratio) * c.group.size)
        for c, w in zip(candidates, wanted, strict=True)
    }
    return counts | dict(held or {})


def _bisect(
    candidates: Sequence[Candidate],
    widths: Callable[[float], list[float]],
    cost: Cost,
    target: float,
    held: Mapping[Atom, int] | None = None,
) -> dict[Atom, int]:
    """The widths of the highest level that costs no more than the target; `held` groups stay as they are."""
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if cost.total(_counts(candidates, widths(middle), held)) <= target:
            low = middle
        else:
            high = middle
    return _counts(candidates, widths(low), held)


def _fill(
    candidates: Sequence[Candidate],
    cost: Cost,
    target: float,
    counts: dict[Atom, int],
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
