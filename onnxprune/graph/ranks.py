"""If nodes whose branches make tensors of different rank: which branch can run at all.

TorchScript writes `squeeze` as an If that drops an axis in one branch and keeps it in the other. Ops further on demand
a rank (LSTM takes three axes), so a branch that makes another one can't run without an error, and whatever the
condition, shapes are those of the other branch. A condition that is stored decides it too. Nothing is taken out of the
model: the If node is told which of its branches is `live`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.dead import maker_of
from onnxprune.graph.ir import Node, bodies_of
from onnxprune.graph.model import Model, graphs

BRANCHES = ("then_branch", "else_branch")

Ranks = frozenset[int] | None
"""Ranks that a tensor may have; None: any."""

DEMANDED = {
    "LSTM": {0: 3, 1: 3, 2: 3, 3: 2, 4: 1, 5: 3, 6: 3, 7: 2},
    "GRU": {0: 3, 1: 3, 2: 3, 3: 2, 4: 1, 5: 3},
    "RNN": {0: 3, 1: 3, 2: 3, 3: 2, 4: 1, 5: 3},
}
"""Op -> operand -> the rank that it must have, in the standard and in ONNX Runtime."""

LIKE_WEIGHT = frozenset(("Conv", "ConvTranspose"))
"""Ops whose data have as many axes as their weight."""

PASSING = frozenset("Identity Cast Relu Sigmoid Tanh Neg Abs Sqrt Exp Log Clip LeakyRelu Dropout".split())
"""Ops whose first output has as many axes as their first operand."""


def settle_branches(model: Model) -> bool:
    """Mark the live branch of If nodes whose branches differ in rank, where it can be told. True where shapes are new.

    An op in a body of Loop or Scan, which may run no turn at all, demands nothing of the tensors around it.
    """
    nodes = [n for graph in graphs(model) for n in graph.nodes if n.op == "If" and isinstance(n, Node)]
    unsettled = [n for n in nodes if not n.live and _differ(n)]
    places = _Places.of(model) if unsettled else _Places()
    for node in unsettled:
        node.live = _stored(node) or _demanded(node, places)
    news = [_describe(n) for n in nodes if n.live]
    return any(news)


def _describe(node: Node) -> bool:
    """Give what an If makes the shapes that its live branch makes. True where they were not known at all."""
    news = False
    for tensor, made in zip(node.outputs, node.attrs[node.live].outputs, strict=True):
        if tensor.shape is None and made.shape is not None:
            tensor.shape, news = list(made.shape), True
    return news


def _differ(node: gs.Node) -> bool:
    """Whether the branches of an If make tensors of different, or of unknown, rank."""
    pairs = zip(*(node.attrs[branch].outputs for branch in BRANCHES), strict=True)
    return any(a.shape is None or b.shape is None or len(a.shape) != len(b.shape) for a, b in pairs)


def _stored(node: gs.Node) -> str:
    condition = node.inputs[0]
    if not isinstance(condition, gs.Constant) or condition.values.size != 1:
        return ""
    return BRANCHES[0 if bool(np.ravel(condition.values)[0]) else 1]


def _demanded(node: gs.Node, places: _Places) -> str:
    """The branch that alone makes ranks that are allowed."""
    able = [b for b in BRANCHES if _may_run(node, b, places)]
    return able[0] if len(able) == 1 else ""


def _may_run(node: gs.Node, branch: str, places: _Places) -> bool:
    pairs = zip(node.attrs[branch].outputs, node.outputs, strict=True)
    return all(_meet(_possible(inner), places.allowed(outer)) != frozenset() for inner, outer in pairs)


def _meet(a: Ranks, b: Ranks) -> Ranks:
    return b if a is None else a if b is None else a & b


def _join(many: Iterable[Ranks]) -> Ranks:
    found: frozenset[int] = frozenset()
    for ranks in many:
        if ranks is None:
            return None
        found |= ranks
    return found


# ------------------------------------------------------------------------------------------------- what is made


def _possible(tensor: gs.Tensor, depth: int = 16) -> Ranks:
    """The ranks that a tensor may have by how it is made."""
    if tensor.shape is not None:
        return frozenset((len(tensor.shape),))
    node = maker_of(tensor)
    if node is None or not depth or node.domain not in (None, "", "ai.onnx"):
        return None
    step = _grows(node)
    if step is not None:
        before = _possible(node.inputs[0], depth - 1)
        return None if before is None else frozenset(r + step for r in before)
    if node.op == "If":
        k = next(i for i, t in enumerate(node.outputs) if t is tensor)
        branches = [b for b in BRANCHES if getattr(node, "live", "") in ("", b)]
        return _join(_possible(node.attrs[b].outputs[k], depth - 1) for b in branches)
    return None


def _grows(node: gs.Node) -> int | None:
    """How many axes a node adds to those of its first operand; None where that can't be told."""
    if node.op in PASSING:
        return 0
    if node.op not in ("Squeeze", "Unsqueeze"):
        return None
    axes = node.attrs.get("axes")
    if axes is None and len(node.inputs) > 1 and isinstance(node.inputs[1], gs.Constant):
        axes = np.ravel(node.inputs[1].values)
    return None if axes is None else len(axes) * (1 if node.op == "Unsqueeze" else -1)


# ------------------------------------------------------------------------------------------------- what is demanded


@dataclass(slots=True)
class _Places:
    """Where nodes stand: id(node) -> its graph, id(body) -> the node that it belongs to."""

    homes: dict[int, gs.Graph] = field(default_factory=dict)
    owners: dict[int, gs.Node] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model) -> _Places:
        made = cls()
        for graph in graphs(model):
            for node in graph.nodes:
                made.homes[id(node)] = graph
                made.owners.update((id(body), node) for body in bodies_of(node))
        return made

    def allowed(self, tensor: gs.Tensor, depth: int = 16) -> Ranks:
        """The ranks that let everything run that reads a computed tensor, directly or further on."""
        maker = maker_of(tensor)
        if maker is None or id(maker) not in self.homes or not depth:
            return None
        return self._within(tensor, self.homes[id(maker)], depth)

    def _within(self, tensor: gs.Tensor, graph: gs.Graph, depth: int) -> Ranks:
        """The same, as far as nodes of one graph, and of the bodies in it, have a say."""
        found: Ranks = None
        for node in self._readers(tensor, graph):
            found = _meet(found, self._by(node, tensor, depth))
        owner = self.owners.get(id(graph))
        for k, output in enumerate(graph.outputs):
            if output is tensor and owner is not None and owner.op == "If":
                found = _meet(found, self.allowed(owner.outputs[k], depth - 1))
        return found

    def _readers(self, tensor: gs.Tensor, graph: gs.Graph) -> Iterator[gs.Node]:
        """The nodes of a graph that read a tensor, or whose bodies do; each once."""
        seen: set[int] = set()
        for reader in tensor.outputs:
            node: gs.Node | None = reader
            while node is not None and self.homes.get(id(node)) is not graph:
                home = self.homes.get(id(node))
                node = None if home is None else self.owners.get(id(home))
            if node is not None and id(node) not in seen:
                seen.add(id(node))
                yield node

    def _by(self, node: gs.Node, tensor: gs.Tensor, depth: int) -> Ranks:
        """What one node allows."""
        if node.op == "If":
            branches = [node.attrs[b] for b in BRANCHES if getattr(node, "live", "") in ("", b)]
            return _join(self._within(tensor, body, depth - 1) for body in branches)
        if node.domain not in (None, "", "ai.onnx"):
            return None
        found: Ranks = None
        for i, operand in enumerate(node.inputs):
            if operand is tensor:
                found = _meet(found, self._of_operand(node, i, depth))
        return found

    def _of_operand(self, node: gs.Node, i: int, depth: int) -> Ranks:
        if i in DEMANDED.get(node.op, ()):
            return frozenset((DEMANDED[node.op][i],))
        if node.op in LIKE_WEIGHT and i == 0 and node.inputs[1].shape is not None:
            return frozenset((len(node.inputs[1].shape),))
        if node.op == "Transpose" and "perm" in node.attrs:
            return frozenset((len(node.attrs["perm"]),))
        step = _grows(node) if i == 0 else None
        behind = self.allowed(node.outputs[0], depth - 1) if step is not None else None
        return None if behind is None or step is None else frozenset(r - step for r in behind)
