"""From an ONNX graph to a module: places for all tensors, a step for every node, what is known beforehand computed."""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs
import torch

from onnxprune.graph import Model, has_blocks
from onnxprune.graph.tensors import element_type
from onnxprune.lift import ops  # noqa: F401  # register the operators
from onnxprune.lift.dtypes import kind_of, of_type, to_torch
from onnxprune.lift.errors import Unliftable
from onnxprune.lift.module import Layout, Lifted
from onnxprune.lift.operator import STANDARD, Call, Operator, find
from onnxprune.lift.program import ABSENT, Program, Step, Values, free_early, reads_of
from onnxprune.lift.roles import is_learned
from onnxprune.lift.weights import Weight, weight_of

MOST_FOLDED = 2**24
"""Numbers that a tensor computed beforehand may have: a larger one is made when it's needed."""


def lift(model: Model) -> Lifted:
    """A module that computes what the graph computes, in inference mode.

    Learned tensors (see `onnxprune.lift.roles`) are its parameters under their names. The model is left as it is.
    Raises Unliftable naming the ops that have no counterpart in torch, and where tensors are laid out in blocks (see
    `onnxprune.graph.unblock`).
    """
    if has_blocks(model):
        raise Unliftable(
            "its tensors are laid out in blocks of channels for one kind of processor; undo that first, as pruning does"
        )
    builder = _Builder(model)
    program = builder.program(model.graph)
    if builder.unknown:
        raise Unliftable(f"torch has no counterpart of {', '.join(builder.unknown.values())}")
    free_early(program, builder.lasting)
    inputs = {t.name: _type(t) for t in model.graph.inputs}
    return Lifted(program, builder.layout(program), inputs, [t.name for t in model.graph.outputs])


class _Builder:
    """Lifts one model. unknown: domain and op of nodes without an operator -> what to call such a node"""

    def __init__(self, model: Model) -> None:
        self._opsets = {("" if domain in STANDARD else domain): v for domain, v in model.opsets.items()}
        self._places: dict[int, int] = {}
        self._tensors: list[gs.Tensor] = []
        self._known: dict[int, torch.Tensor] = {}
        self._weights: dict[int, Weight] = {}
        self.unknown: dict[tuple[str, str], str] = {}

    @property
    def lasting(self) -> set[int]:
        """Places whose values outlast a run."""
        return {at for at, t in enumerate(self._tensors) if isinstance(t, gs.Constant)} | set(self._known)

    def program(self, graph: gs.Graph) -> Program:
        """The steps of a graph."""
        inputs = tuple(self._place(t) for t in graph.inputs)
        steps = [step for node in graph.nodes for step in self._steps(node)]
        return Program(steps, inputs, tuple(self._place(t) for t in graph.outputs))

    def layout(self, program: Program) -> Layout:
        """Where everything lies that a run starts with."""
        read = {at for step in program.steps for at in reads_of(step)} | set(program.outputs)
        names = {at: tensor.name for at, tensor in enumerate(self._tensors)}
        weights = {names[at]: (at, weight) for at, weight in self._weights.items() if at in read}
        stored = [at for at in sorted(read) if self._value_is_known(at)]
        buffers = {names[at] or f"constant {at}": (at, self._value(at)) for at in stored}
        return Layout({name: at for at, name in names.items() if name}, weights, buffers)

    def _place(self, tensor: gs.Tensor) -> int:
        if tensor.is_empty():
            return ABSENT
        if id(tensor) not in self._places:
            self._places[id(tensor)] = len(self._tensors)
            self._tensors.append(tensor)
            if isinstance(tensor, gs.Constant) and is_learned(tensor, self._opsets):
                self._weights[self._places[id(tensor)]] = weight_of(np.asarray(tensor.values))
        return self._places[id(tensor)]

    def _value_is_known(self, at: int) -> bool:
        return at in self._known or (isinstance(self._tensors[at], gs.Constant) and at not in self._weights)

    def _value(self, at: int) -> torch.Tensor:
        """What is known to lie at a place."""
        if at not in self._known:
            self._known[at] = to_torch(np.asarray(self._tensors[at].values))
        return self._known[at]

    def _steps(self, node: gs.Node) -> list[Step]:
        """A node's step; none where its outputs are known, those of a branch where only that can run."""
        domain = "" if (node.domain or "") in STANDARD else node.domain
        operator = find(domain, node.op, self._opsets.get(domain, self._opsets.get("", 1)))
        if operator is None:
            self.unknown.setdefault((domain, node.op), f"{node.op} (node '{node.name}')")
            return []
        reads = tuple(self._place(t) for t in node.inputs)
        if node.op == "If" and self._value_is_known(reads[0]):
            return self._branch(node, bool(self._value(reads[0])))
        step = self._step(node, operator, reads, self._opsets.get(domain, 1))
        return [] if self._is_folded(step, operator) else [step]

    def _branch(self, node: gs.Node, taken: bool) -> list[Step]:
        """The steps of an If whose condition is known; what the branch gives out is what the node does."""
        branch = self.program(node.attrs["then_branch" if taken else "else_branch"])
        for tensor, at in zip(node.outputs, branch.outputs, strict=True):
            self._places[id(tensor)] = at
        return branch.steps

    def _step(self, node: gs.Node, operator: Operator, reads: tuple[int, ...], opset: int) -> Step:
        wanted = tuple(not t.is_empty() for t in node.outputs)
        attrs = {name: value for name, value in node.attrs.items() if not isinstance(value, gs.Graph)}
        host = {place for place in operator.host if place < len(reads)}
        fixed = {
            p: self._value(reads[p]).numpy() for p in host if reads[p] != ABSENT and self._value_is_known(reads[p])
        }
        bodies = {name: self.program(body) for name, body in node.attrs.items() if isinstance(body, gs.Graph)}
        writes = tuple(self._place(t) for t in node.outputs)
        call = Call(node.op, opset, attrs, wanted, kinds=tuple(kind_of(t) for t in node.inputs))
        title = f"node '{node.name or node.outputs[0].name}' ({node.op})"
        return Step(operator.function, call, reads, writes, title, frozenset(host), fixed, bodies)

    def _is_folded(self, step: Step, operator: Operator) -> bool:
        """Compute what is made of known values alone, unless it's large."""
        reads = [at for at in step.reads if at != ABSENT]
        if step.bodies or operator.random or not all(self._value_is_known(at) for at in reads):
            return False
        values: Values = {at: self._value(at) for at in reads}
        with torch.no_grad():
            step(values)
        made = {at: values[at] for at in step.writes if at != ABSENT}
        if any(not isinstance(value, torch.Tensor) for value in made.values()):  # a sequence, say
            return False
        if sum(value.numel() for value in made.values()) > MOST_FOLDED:
            return False
        self._known |= {at: value.contiguous() for at, value in made.items()}
        return True


def _type(tensor: gs.Tensor) -> torch.dtype:
    """What an input is computed as. Raises Unliftable where it isn't numbers."""
    dtype = element_type(tensor.dtype) if isinstance(tensor.dtype, int) else tensor.dtype
    found = None if dtype is None else of_type(np.dtype(dtype))
    if found is None:
        raise Unliftable(f"input '{tensor.name}' is of a type that torch doesn't compute with")
    return found
