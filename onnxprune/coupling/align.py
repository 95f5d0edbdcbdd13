"""Pairing the axes of a pattern with those of an operand; runs take what single axes leave over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.notation import Axis, Run
from onnxprune.coupling.rule import Fenced

T = TypeVar("T")

Paired = list[tuple[Axis, list[T]]]


def align(operand: Sequence[Axis], axes: Sequence[T], shared: int = 0) -> Paired[T]:
    """Every pattern axis with the actual ones it stands for: one, or for a run any number.

    shared: the length of `...`, which counts only where `*` stands beside it (as outputs may have it).
    Raises Fenced where the ranks don't fit.
    """
    runs = [axis for axis in operand if isinstance(axis, Run)]
    spare = len(axes) - (len(operand) - len(runs))
    if spare < 0 or (spare and not runs):
        raise Fenced(f"an operand of rank {len(axes)} where its rule has {len(operand)} axes")
    lengths = {run.kind: spare for run in runs}
    if len(runs) == 2:
        if shared > spare:
            raise Fenced(f"an operand of rank {len(axes)} where its rule has {len(operand) - 2 + shared} axes at least")
        lengths = {"...": shared, "*": spare - shared}
    paired: Paired[T] = []
    at = 0
    for axis in operand:
        step = lengths[axis.kind] if isinstance(axis, Run) else 1
        paired.append((axis, list(axes[at : at + step])))
        at += step
    return paired


def spread(operand: Sequence[Axis], shared: Sequence[int | None], along: int | None) -> Paired[int | None]:
    """The same for an output of unknown shape: `...` has the lengths `shared`, `*` the rank `along`, all else is open.

    along: how many axes the op works along in its first input, for it makes as many (None: in none)
    Raises Fenced where not even the rank can be told.
    """
    if along is None and any(isinstance(axis, Run) and axis.kind == "*" for axis in operand):
        raise Fenced(Reason("an output of unknown rank", Ground.RANK))
    runs: dict[str, list[int | None]] = {"...": list(shared), "*": [None] * (along or 0)}
    return [(axis, runs[axis.kind] if isinstance(axis, Run) else [None]) for axis in operand]
