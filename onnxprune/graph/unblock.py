"""Undoing the layout of one kind of processor.

At its last level, ONNX Runtime's optimiser lays pictures and the weights of convolutions out in blocks of as many
channels as suit the processor. Here such a graph becomes a plain one again: ordinary convolutions, additions and
activations, weights without blocks and without the zeros that filled them up, no reordering. The file doesn't say how
many channels a block has: the caller must know, and hold the result against the file (`onnxprune.runtime.plain` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.blocked_flow import Flow, follow
from onnxprune.graph.blocked_nodes import BLOCKED_DOMAIN, is_last, outside
from onnxprune.graph.blocked_steps import Step, steps_of
from onnxprune.graph.blocked_weights import Unclear
from onnxprune.graph.edit import detach
from onnxprune.graph.ir import Node, note_of, rank_of
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import Names
from onnxprune.graph.shapes import refresh


def unblock(model: Model, block: int) -> Model:
    """Undo the layout in place and return the model. block: channels of a block.

    Raises Unclear where it can't be undone; the model is not to be used then.
    """
    if block < 1:
        raise Unclear("nothing is laid out in blocks of channels here")
    try:
        return _unblock(model, follow(model, block))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:  # what no optimiser would write
        raise Unclear(f"a node on blocks of channels lacks what it needs ({error})") from None


def _unblock(model: Model, flow: Flow) -> Model:
    entries = [
        (n, n.inputs[0], flow.channels.count(n.outputs[0])) for n in flow.nodes.values() if n.op == "ReorderInput"
    ]
    work = _Work(model, flow)
    for graph in graphs(model):
        work.rewrite(graph)
    work.name_stored()
    _forget_layout(model, flow)
    refresh(model)
    for node, plain, count in entries:  # behind blocks, shapes are known only now
        if outside(node, plain) not in (None, count):
            raise Unclear(f"'{plain.name}' has {outside(node, plain)} channels where weights tell of {count}")
    return model


class _Work:
    """The rewriting.

    plain: the tensor that stands for one in blocks, by id; stored: stored tensors with the new ones in their place
    """

    def __init__(self, model: Model, flow: Flow) -> None:
        self.model = model
        self.flow = flow
        self.names = Names(model)
        self.plain: dict[int, gs.Tensor] = {}
        self.stored: dict[tuple[int, tuple[int, ...]], tuple[gs.Constant, gs.Constant]] = {}

    def rewrite(self, graph: gs.Graph) -> None:
        """Replace the nodes of one graph, each in its place."""
        old = [node for node in graph.nodes if id(node) in self.flow.nodes]
        for node in old:
            self._keep_name(node)
        plans = [(node, self._plan(node)) for node in old]
        for node in old:
            detach(node)
            for tensor in node.outputs:
                list.clear(tensor.inputs)
        made = {id(node): self._chain(node, plan) if plan else [] for node, plan in plans}
        graph.nodes = [new for node in graph.nodes for new in made.get(id(node), [node])]

    def tensor(self, tensor: gs.Tensor) -> gs.Tensor:
        """The plain form of a tensor."""
        return self.plain.get(id(tensor), tensor)

    def store(self, old: gs.Constant, values: np.ndarray) -> gs.Constant:
        """A stored tensor in place of another, one for all nodes that need the same."""
        key = id(old), values.shape
        if key not in self.stored:
            self.stored[key] = old, gs.Constant(old.name, np.ascontiguousarray(values))
        return self.stored[key][1]

    def numbers(self, name: str, values: float | Sequence[float]) -> gs.Constant:
        """A stored number, or several."""
        return gs.Constant(self.names.new(name), np.array(values, np.float32))

    def name_stored(self) -> None:
        """Let new stored tensors have the names of those that are gone."""
        given: set[str] = set()
        for old, made in self.stored.values():
            if old.outputs or old.name in given:
                made.name = self.names.new(old.name)
            given.add(made.name)

    def _keep_name(self, node: gs.Node) -> None:
        """What a ReorderOutput makes was the name of its operand before there were blocks."""
        source = node.inputs[0]
        maker = source.inputs[0].op if source.inputs else ""
        if node.op == "ReorderOutput" and not is_last(node) and maker not in ("ReorderInput", "Reshape", ""):
            self.plain.setdefault(id(source), node.outputs[0])

    def _plan(self, node: gs.Node) -> _Plan | None:
        """What comes in a node's place; None where its output is its operand."""
        (out,), source, steps = node.outputs, self.tensor(node.inputs[0]), steps_of(self, node)
        if steps or out not in self.flow.channels:
            return None if source is out else _Plan(source, steps or [Step("Identity")], self.tensor(out))
        self.plain[id(out)] = source
        return None

    def _chain(self, node: gs.Node, plan: _Plan) -> list[gs.Node]:
        """Nodes one after the other, each on what the one before made."""
        made: list[gs.Node] = []
        for number, step in enumerate(plan.steps, start=1):
            source = made[-1].outputs[0] if made else plan.source
            inner = (
                gs.Variable(self.names.new(f"{plan.out.name}/{step.op}"), np.float32)
                if number < len(plan.steps)
                else None
            )
            name = f"{node.name}/{step.op}" if made else node.name
            new = Node(step.op, name, step.attrs, [source, *step.operands], [inner or plan.out], step.domain)
            new.rank, new.note = rank_of(node), b"" if made else note_of(node)
            made.append(new)
        return made


@dataclass(frozen=True, slots=True)
class _Plan:
    """Nodes from one tensor to another."""

    source: gs.Tensor
    steps: list[Step]
    out: gs.Tensor


def _forget_layout(model: Model, flow: Flow) -> None:
    """What the file says of tensors in blocks is no longer so."""
    gone = {tensor.name for tensor in flow.channels.tensors}
    for tensor in flow.channels.tensors:
        tensor.shape = None
    told = [value for value in model.header.graph.value_info if value.name not in gone]
    del model.header.graph.value_info[:]
    model.header.graph.value_info.extend(told)
    kept = [entry for entry in model.header.opset_import if entry.domain != BLOCKED_DOMAIN]
    del model.header.opset_import[:]
    model.header.opset_import.extend(kept)
