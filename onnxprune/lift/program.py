"""A lifted graph as a list of steps over numbered places: flat, so that a step costs next to nothing beside its op."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.errors import Unliftable
from onnxprune.lift.operator import Call, Function, Made

Values = dict[int, Tensor]
"""What lies at a place."""

SEVERAL_DEVICES = torch.cuda.is_available()

ABSENT = -1
"""The place of an operand or output that isn't there."""

_MEMORY = ("can't allocate memory", "out of memory")


@dataclass(slots=True)
class Step:
    """One node.

    reads, writes: places of operands and outputs; host: operands that the function gets as numpy arrays; fixed: those
    of them that are known beforehand; bodies: graphs inside the node; frees: places that nobody reads afterwards;
    title: the node in messages
    """

    function: Function
    call: Call
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    title: str
    host: frozenset[int] = frozenset()
    fixed: Mapping[int, np.ndarray] = field(default_factory=dict)
    bodies: Mapping[str, Program] = field(default_factory=dict)
    frees: tuple[int, ...] = ()

    def __call__(self, values: Values) -> None:
        """Read operands from their places, write outputs to theirs."""
        operands = [self._operand(place, at, values) for place, at in enumerate(self.reads)]
        call = self.call
        if self.bodies:
            call = replace(call, bodies={name: partial(body.run, values) for name, body in self.bodies.items()})
        made = self._made(call, _together(operands) if SEVERAL_DEVICES else operands)
        if isinstance(made, torch.Tensor):
            values[self.writes[0]] = made
            return
        for at, value in zip(self.writes, made, strict=False):
            if at != ABSENT and value is not None:
                values[at] = value

    def _made(self, call: Call, operands: Sequence[Tensor | np.ndarray | None]) -> Made:
        try:
            return self.function(call, *operands)
        except (RuntimeError, IndexError, ValueError, TypeError, KeyError, NotImplementedError) as error:
            if isinstance(error, Unliftable) or any(text in str(error) for text in _MEMORY):
                raise
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise Unliftable(f"{self.title}: torch says: {reason}") from error

    def _operand(self, place: int, at: int, values: Values) -> Tensor | np.ndarray | None:
        if at == ABSENT:
            return None
        if place not in self.host:
            return values.get(at)
        if place in self.fixed:
            return self.fixed[place]
        return values[at].detach().cpu().numpy()


def _together(operands: list[Tensor | np.ndarray | None]) -> list[Tensor | np.ndarray | None]:
    """Operands on one device: shapes and what is made of them live on the host until they meet something else."""
    devices = {v.device for v in operands if isinstance(v, torch.Tensor)}
    if len(devices) < 2:
        return operands
    device = next(d for d in devices if d.type != "cpu")
    return [v.to(device) if isinstance(v, torch.Tensor) else v for v in operands]


@dataclass(slots=True)
class Program:
    """Steps in order. inputs, outputs: places of the graph's own"""

    steps: list[Step]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def run(self, values: Values, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Run a body over the places of the graph around it."""
        for at, value in zip(self.inputs, inputs, strict=True):
            values[at] = value
        for step in self.steps:
            step(values)
        return [values[at] for at in self.outputs]


def reads_of(step: Step) -> Iterator[int]:
    """The places that a step reads, those of its bodies included."""
    yield from step.reads
    for body in step.bodies.values():
        yield from body.outputs
        for inner in body.steps:
            yield from reads_of(inner)


def free_early(program: Program, lasting: Collection[int]) -> None:
    """Mark after which step a place isn't read any more. lasting: places whose values are there before and after"""
    kept = {ABSENT, *lasting, *program.outputs}
    last: dict[int, Step] = {}
    for step in program.steps:
        last |= dict.fromkeys((*step.writes, *reads_of(step)), step)
    gone: dict[int, list[int]] = {}
    for at, step in last.items():
        if at not in kept:
            gone.setdefault(id(step), []).append(at)
    for step in program.steps:
        step.frees = tuple(gone.get(id(step), ()))
