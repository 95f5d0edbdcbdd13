"""Chains of steps that torch has one function for: found in a program, each replaced by a single step.

What exporters spell out (attention, GELU, a layer with its bias, LayerNorm) costs autograd a tensor a step. The
patterns are in `onnxprune/lift/patterns.py`. A chain stays where somebody else reads what is inside it, so parameters,
and tensors that are asked for, are what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch

from onnxprune.lift.operator import Call, Function
from onnxprune.lift.program import ABSENT, Program, Step, free_early, reads_of

Pattern: TypeAlias = Callable[["Web", Step], "Chain | None"]


@dataclass(frozen=True)
class Chain:
    """What is found. steps: those that go; reads: places that the function gets the values of, ABSENT for none"""

    steps: Sequence[Step]
    function: Function
    reads: tuple[int, ...]


class Web:
    """Who makes and who reads what. stored: place -> what lies there before a run; kept: places that must be made"""

    def __init__(self, program: Program, stored: Mapping[int, torch.Tensor], kept: Collection[int]) -> None:
        self.stored = stored
        self._kept = {*kept, *program.outputs}
        self._maker = {at: step for step in program.steps for at in step.writes}
        self._readers: dict[int, list[Step]] = {}
        for step in program.steps:
            for at in reads_of(step):
                self._readers.setdefault(at, []).append(step)

    def maker(self, at: int, *ops: str) -> Step | None:
        """The step that makes what lies at a place, if it is one of these ops."""
        step = self._maker.get(at)
        return step if step is not None and step.call.op in ops else None

    def readers(self, at: int) -> list[Step]:
        """Who reads a place, once for every operand; nobody is told of where it must be made anyway."""
        return [] if at in self._kept else self._readers.get(at, [])

    def next(self, step: Step, *ops: str) -> Step | None:
        """The only reader of what a step makes, if it is one of these ops."""
        found = self.readers(step.writes[0])
        return found[0] if len(found) == 1 and found[0].call.op in ops else None

    def is_inner(self, at: int) -> bool:
        """Whether one step alone reads it."""
        return len(self.readers(at)) == 1

    def number(self, at: int) -> float | None:
        """The number that is stored at a place, if it isn't learned."""
        value = self.stored.get(at)
        constant = value is not None and value.numel() == 1 and not isinstance(value, torch.nn.Parameter)
        return float(value) if constant and value is not None else None

    def scaled(self, step: Step | None) -> tuple[int, float] | None:
        """What a step multiplies with a number, and the number."""
        if step is None or step.call.op not in ("Mul", "Div") or len(step.reads) != 2:
            return None
        for one, other in (step.reads, step.reads[::-1]):
            factor = self.number(other)
            if factor and self.number(one) is None and (step.call.op == "Mul" or other == step.reads[1]):
                return one, factor if step.call.op == "Mul" else 1 / factor
        return None

    def other(self, step: Step, at: int) -> int:
        """The second operand of a step that reads a place as the first or the second."""
        return step.reads[1] if step.reads[0] == at else step.reads[0]

    def rank(self, at: int) -> int | None:
        """How many axes a stored tensor has."""
        return self.stored[at].dim() if at in self.stored else None


def fused(
    program: Program, patterns: Sequence[Pattern], stored: Mapping[int, torch.Tensor], kept: Collection[int]
) -> Program:
    """The program with chains replaced. stored: see Web; kept: places that somebody asks for

    A program that rounds stays as it is: sums in another order would take some values to the other side of a step.
    """
    patterns = () if any(_rounds(step.call.op) for step in program.steps) else patterns
    web, gone, made = Web(program, stored, kept), set[int](), dict[int, Step]()
    order = {id(step): i for i, step in enumerate(program.steps)}
    for pattern in patterns:
        for step in program.steps:
            chain = None if id(step) in gone else pattern(web, step)
            if chain is None or any(id(part) in gone or id(part) not in order for part in chain.steps):
                continue
            last = max(chain.steps, key=lambda part: order[id(part)])
            gone |= {id(part) for part in chain.steps}
            call = Call(last.call.op, last.call.opset, {}, last.call.wanted)
            made[id(last)] = Step(chain.function, call, chain.reads, last.writes, last.title)
    left = [made[id(s)] if id(s) in made else replace(s) for s in program.steps if id(s) not in gone or id(s) in made]
    new = Program(left, program.inputs, program.outputs)
    free_early(new, {*stored, ABSENT, *kept})
    return new


def _rounds(op: str) -> bool:
    """Whether an op makes or reads quantised numbers."""
    return "Quant" in op or "QLinear" in op or op in ("MatMulNBits", "QGemm", "QAttention")
