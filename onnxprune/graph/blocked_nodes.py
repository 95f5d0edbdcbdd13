"""What nodes on blocks of channels say of themselves."""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.graph.model import Model, graphs

BLOCKED_DOMAIN = "com.microsoft.nchwc"


def has_blocks(model: Model) -> bool:
    """Whether ONNX Runtime's optimiser laid tensors of a model out in blocks of channels."""
    return any(node.domain == BLOCKED_DOMAIN for graph in graphs(model) for node in graph.nodes)


def group_of(node: gs.Node) -> int:
    """Groups of a convolution."""
    return int(node.attrs.get("group", 1))


def is_depthwise(node: gs.Node) -> bool:
    """Whether every channel is a group."""
    return group_of(node) > 1 and tuple(node.inputs[1].shape[:2]) == (group_of(node), 1)


def takes_blocks(node: gs.Node, block: int) -> bool:
    """Whether a convolution's input is in blocks; fewer channels than a block has are read as they are."""
    return group_of(node) > 1 or int(node.inputs[1].shape[1]) >= block


def given(node: gs.Node, place: int) -> gs.Tensor | None:
    """An operand, or None where it is left out."""
    return node.inputs[place] if place < len(node.inputs) and not node.inputs[place].is_empty() else None


def is_last(node: gs.Node) -> bool:
    """Whether channels are the last axis of what a ReorderInput reads or a ReorderOutput makes."""
    return bool(node.attrs.get("channels_last", 0))


def outside(node: gs.Node, plain: gs.Tensor) -> int | None:
    """Channels of what a ReorderInput reads; None where they are not known."""
    count = plain.shape[-1 if is_last(node) else 1] if plain.shape is not None and len(plain.shape) == 4 else None
    return count if isinstance(count, int) else None
