"""A rule as a value: how one node couples the axes of its operands, and where it stores a length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onnxprune.coupling.notation import Pattern, parse

NO_MARKS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Length:
    """A place that stores the length of axes, to be refilled after pruning.

    where:  an attribute's name, or the index of an input whose constant value holds the lengths, or a pair (input,
            entry) where a Concat of single entries makes that input
    axes:   one expression per entry (`(g o)`), or None for entries to leave alone
    kind:   "length": entries are lengths; "index": entries are indices into the first of `axes`, themselves laid
            out along the second
    """

    where: str | int | tuple[int, int]
    axes: tuple[str | None, ...]
    kind: str = "length"


@dataclass(frozen=True, slots=True)
class Spec:
    """How a node couples its axes.

    text:     the rule, in the notation of `onnxprune.coupling.notation`
    sizes:    lengths of letters that shapes alone don't tell (Conv's `group`)
    inexact:  letter -> why removing a unit differs from masking it
    locked:   letter -> why no unit may go
    roles:    letter -> what it is to this op, for passes to choose by
    ties:     pairs of products that are the same axis run, spelled in letters of the inputs and of the outputs
    reduced:  letters that the node also reduces over, although an output has them, such that zeros change nothing (the
              range of dynamic quantisation holds zero anyway): a unit is masked in front of it
    averaged: letters that the node, a mean with one output, averages over: masked units count as zeros among as many as
              before, so the pruned node's result is multiplied by the share of the units that stays (exact ones only:
              where a unit is inexact by another node, the mean is the one over what stays)
    alike:    letter -> letter that has the same units, though the op sums over the one and makes the other (recurrence)
    lengths:  where the node stores lengths
    macs:     "output": multiply-accumulates are the output's elements times what is contracted;
              "input": the input's elements times what is new in the output (transposed convolution); "" for none;
              else a sum of products of letters and numbers, e.g. "b s 4 h i + b s 4 h k"
    kernel:   the operand whose axes under `*` are those of a kernel, which count as contracted
    pin:      attributes to write out before pruning, because their default depends on a length that may shrink
    """

    text: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    inexact: Mapping[str, str] = field(default_factory=dict)
    locked: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    ties: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    reduced: tuple[str, ...] = ()
    averaged: tuple[str, ...] = ()
    alike: Mapping[str, str] = field(default_factory=dict)
    lengths: tuple[Length, ...] = ()
    macs: str = ""
    kernel: int = 1
    pin: Mapping[str, float | Sequence[int]] = field(default_factory=dict)

    @property
    def pattern(self) -> Pattern:
        return parse(self.text)

    def __str__(self) -> str:
        notes = [f"{k} = {v}" for k, v in self.sizes.items()]
        notes += [f"({' '.join(a)}) = ({' '.join(b)})" for a, b in self.ties]
        notes += [f"{a} = {b}" for a, b in self.alike.items()]
        notes += [f"averaged {k}" for k in self.averaged]
        notes += [f"inexact {k}" for k in self.inexact] + [f"locked {k}" for k in self.locked]
        notes += [f"{_place(n.where)} = {' '.join(a or '_' for a in n.axes)}" for n in self.lengths]
        return self.text + ("   | " + ", ".join(notes) if notes else "")


def _place(where: str | int | tuple[int, int]) -> str:
    return where if isinstance(where, str) else f"operand {where}"
