"""What onnx-graphsurgeon lacks to bring a file back as it was: small additions to its classes.

A node carries the fields of its NodeProto that have no place in it, a body the header of its GraphProto.
"""

from __future__ import annotations

import onnx
import onnx_graphsurgeon as gs
from onnx_graphsurgeon.logger import G_LOGGER

G_LOGGER.severity = G_LOGGER.ERROR

TAP = "Tap"
TAP_DOMAIN = "ai.onnxprune.internal"
"""The identity that normalisation puts in places that the rewrite may cut (see `onnxprune.graph.taps`)."""


class Node(gs.Node):  # type: ignore[misc]  # the library has no types
    """A node that is compared by identity, so that twins in sibling bodies are not taken for one another.

    note: a serialized NodeProto with the fields that a gs.Node has no place for (documentation, metadata, overload)
    rank: its place in its graph's file; -1: it comes from none
    live: of an If, the only branch that can run without an error (see `onnxprune.graph.ranks`); "": either can
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__
    note: bytes = b""
    rank: int = -1
    live: str = ""


class EmptyList(list[object]):
    """An attribute's empty list, which alone would not tell its type."""

    def __init__(self, kind: int) -> None:
        super().__init__()
        self.kind = kind


def note_of(item: gs.Node | gs.Constant) -> bytes:
    """What a file says about a node or stored tensor beyond what the graph holds: serialized fields of its proto."""
    return getattr(item, "note", b"")


def rank_of(node: gs.Node) -> int:
    """A node's place in its graph's file; -1 for a node that was added."""
    return node.rank if isinstance(node, Node) else -1


def header_of(graph: gs.Graph) -> onnx.GraphProto | None:
    """A body's fields other than nodes and stored tensors, as its file had them; None for a new body."""
    header: onnx.GraphProto | None = graph.__dict__.get("header")
    return header


def bodies_of(node: gs.Node) -> list[gs.Graph]:
    """The graphs that are attributes of a node."""
    return [v for v in node.attrs.values() if isinstance(v, gs.Graph)] if node.attrs else []
