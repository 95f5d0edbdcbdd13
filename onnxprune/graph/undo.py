"""What normalisation did to a model, written down so that `finish` can undo what nobody needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import onnx_graphsurgeon as gs


@dataclass(frozen=True, slots=True)
class Fold:
    """An operand that was replaced, and the attributes that the node had then (None: those that it has)."""

    node: gs.Node
    place: int
    before: gs.Tensor
    attrs: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A node that nothing read any more, its graph, and what it and the nodes of its bodies read."""

    graph: gs.Graph
    node: gs.Node
    read: list[tuple[gs.Node, list[gs.Tensor]]]


@dataclass(slots=True)
class Undo:
    """The record.

    renamed: new name of a stored tensor -> its name in the file
    folds:   in the order in which they were made
    dropped: by id(node)
    splits:  nodes whose parts were spelled out, with the attributes that they had
    lengths: stored tensors with the shapes that they had before the rewrite
    """

    renamed: dict[str, str] = field(default_factory=dict)
    folds: list[Fold] = field(default_factory=list)
    dropped: dict[int, Dropped] = field(default_factory=dict)
    splits: list[tuple[gs.Node, dict[str, Any]]] = field(default_factory=list)
    lengths: list[tuple[gs.Constant, tuple[int, ...]]] = field(default_factory=list)
