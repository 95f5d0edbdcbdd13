"""What a report tells of the inside of a model: layers, groups and how they hang together, time by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnxprune.report.closeness import Closeness
from onnxprune.runtime import OpTime, by_op


@dataclass(frozen=True, slots=True)
class Work:
    """What a layer that multiplies costs, in multiply-accumulates of one inference. after: None where the pruned model
    has no node of that name"""

    node: str
    before: float
    after: float | None


@dataclass(frozen=True, slots=True)
class NodeTime:
    """Seconds per run that a node takes after ONNX Runtime's optimizer, which fuses nodes and keeps one name of each.

    before, after: None where that model has no such node
    """

    op: str
    node: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class OpTimes:
    """Seconds per run that the nodes of one op take, in the dense and in the pruned model."""

    op: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Member:
    """An axis of a stored tensor that shrinks with its group.

    term: of the axis, with letters for groups; near: the member that it hangs on, empty for the first; through: the
    nodes that lead from there to it
    """

    axis: str
    term: str
    near: str
    through: list[str]


@dataclass(frozen=True, slots=True)
class Coupled:
    """A group of units in trained weights.

    kind: the pass that takes it, empty where none does; before, after: units; share: of the multiply-accumulates that
    go through it; locked: why nothing may go, or empty; members: at most `MOST_MEMBERS`; more: how many others
    """

    id: str
    kind: str
    before: int
    after: int
    exact: bool
    share: float
    locked: str
    natural: bool
    members: list[Member]
    more: int


@dataclass(frozen=True, slots=True)
class Link:
    """Two groups, by their place in the list, that a weight leads from and to."""

    source: int
    target: int
    weight: str


@dataclass(frozen=True, slots=True)
class Details:
    """work: in graph order; ops, nodes: slowest first, empty where nothing was timed; unrepaired: how far the outputs
    move if the same units go and nothing is repaired, None where nothing was repaired or measured"""

    work: list[Work]
    ops: list[OpTimes]
    nodes: list[NodeTime]
    coupled: list[Coupled]
    links: list[Link]
    unrepaired: Closeness | None


def op_times(before: Sequence[OpTime], after: Sequence[OpTime]) -> list[OpTimes]:
    """Time per op, the slowest of the dense model first, then ops that only the pruned one has."""
    dense, pruned = by_op(before), by_op(after)
    return [OpTimes(op, dense.get(op, 0.0), pruned.get(op, 0.0)) for op in dict.fromkeys([*dense, *pruned])]


def node_times(before: Sequence[OpTime], after: Sequence[OpTime]) -> list[NodeTime]:
    """Time per node, the slowest of the dense model first, then those that only the pruned one has."""
    left = {time.name: time for time in after}
    found = [NodeTime(t.op, t.name, t.seconds, left[t.name].seconds if t.name in left else None) for t in before]
    known = {time.name for time in before}
    return found + [NodeTime(t.op, t.name, None, t.seconds) for t in after if t.name not in known]
