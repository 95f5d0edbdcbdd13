"""A product with a block-diagonal matrix, as nodes of the standard: a grouped convolution over one position.

    blocks [groups, d, d]      y of group g = blocks[g] x of group g

Where channels come last they are brought in front first, [batch, rows, channels] to [batch, channels, rows], and back:
that costs less than batches of small products, or a matrix that is nearly all zeros (docs/decisions/0015). Nothing of
it depends on lengths, so open ones stay open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph import Model

Array = np.ndarray

RANKS = (2, 3)
"""Of a tensor whose channels come last."""

TURN = [0, 2, 1]

AXES_READ = 13
"""From this opset on, Unsqueeze and Squeeze read their axes."""


class Line:
    """Nodes one after the other, from a tensor on. name: of the blocks, and in front of those of nodes; opset: of the
    standard domain"""

    def __init__(self, x: gs.Tensor, name: str, opset: int) -> None:
        self._last, self._name, self._opset = x, name, opset
        self.nodes: list[gs.Node] = []

    def product(self, blocks: Array, bias: gs.Constant | None) -> None:
        """Of a tensor whose channels come last, of one of RANKS."""
        flat = self._rank == 2
        if flat:
            self._reshaped("Unsqueeze", "batch")
        self._turn("channels")
        self.convolution(blocks, bias, 1)
        self._turn("rows")
        if flat:
            self._reshaped("Squeeze", "result")

    def convolution(self, blocks: Array, bias: gs.Constant | None, axes: int) -> None:
        """Of a tensor of channels in axis 1, and so many more axes behind."""
        groups, size, _ = blocks.shape
        kernel = [1] * axes
        values = np.ascontiguousarray(blocks.reshape(groups * size, size, *kernel), np.float32)
        rest = [gs.Constant(self._name, values), *([] if bias is None else [bias])]
        self._add("Conv", "blocks", rest, {"group": groups, "kernel_shape": kernel}, lambda shape: shape)

    def ending(self, y: gs.Tensor) -> list[gs.Node]:
        """All of them, the last one making y."""
        self.nodes[-1].outputs[0] = y
        return self.nodes

    @property
    def _rank(self) -> int:
        return len(self._last.shape)

    def _turn(self, what: str) -> None:
        self._add("Transpose", what, [], {"perm": TURN}, lambda shape: [shape[at] for at in TURN])

    def _reshaped(self, op: str, what: str) -> None:
        """A first axis of length 1 more, or less."""
        axes = gs.Constant(f"{self._name}/{what}/axes", np.array([0], np.int64))
        rest, attrs = ([axes], {}) if self._opset >= AXES_READ else ([], {"axes": [0]})
        self._add(op, what, rest, attrs, lambda shape: [1, *shape] if op == "Unsqueeze" else shape[1:])

    def _add(self, op: str, what: str, rest: Sequence[gs.Tensor], attrs: dict[str, Any], shaped: Any) -> None:
        shape = None if self._last.shape is None else shaped(list(self._last.shape))
        name = f"{self._name}/{what}"
        made = gs.Variable(name, self._last.dtype, shape)
        self.nodes.append(gs.Node(op, name, attrs, [self._last, *rest], [made]))
        self._last = made


def as_products(model: Model, names: Collection[str]) -> dict[str, int]:
    """Write those products whose blocks have these names as MatMul with the whole matrix, in place.

    Returns the stored tensors, by the same names, and the sizes of their blocks. Convolutions have no such form, and
    stay.
    """
    found: dict[str, int] = {}
    for node in [n for n in model.graph.nodes if n.op == "Conv" and n.inputs[1].name in names]:
        line = _line_of(node)
        if line is not None:
            found[str(node.inputs[1].name)] = int(node.inputs[1].shape[1])
            _replace(model.graph, line, node)
    return found


def _line_of(node: gs.Node) -> list[gs.Node] | None:
    """The nodes of a product, in their order, one of which is its convolution; None where that is all."""
    before, behind = _maker(node), _reader(node)
    if before is None or behind is None or {before.op, behind.op} != {"Transpose"}:
        return None
    line = [before, node, behind]
    first, last = _maker(before), _reader(behind)
    if first is not None and last is not None and first.name == f"{node.inputs[1].name}/batch":
        line = [first, *line, last]
    return line


def _maker(node: gs.Node) -> gs.Node | None:
    return node.inputs[0].inputs[0] if node.inputs[0].inputs else None


def _reader(node: gs.Node) -> gs.Node | None:
    readers = node.outputs[0].outputs
    return readers[0] if len(readers) == 1 else None


def _replace(graph: gs.Graph, line: Sequence[gs.Node], node: gs.Node) -> None:
    stored, rest = node.inputs[1], list(node.inputs[2:])
    size = stored.shape[1]
    blocks = np.asarray(stored.values).reshape(-1, size, size)
    x, y = line[0].inputs[0], line[-1].outputs[0]
    matrix = gs.Constant(stored.name, whole(blocks).T.copy())
    at = next(k for k, other in enumerate(graph.nodes) if other is line[0])
    gone = {id(one) for one in line}
    for one in line:
        one.inputs.clear()
        one.outputs.clear()
    made = y if not rest else gs.Variable(f"{stored.name}/product", y.dtype, y.shape)
    nodes = [gs.Node("MatMul", stored.name, {}, [x, matrix], [made])]
    if rest:
        nodes.append(gs.Node("Add", f"{stored.name}/bias", {}, [made, *rest], [y]))
    kept = [[one] if id(one) not in gone else [] for one in graph.nodes]
    kept[at] = nodes
    graph.nodes = _flat(kept)


def _flat(parts: Iterable[list[gs.Node]]) -> list[gs.Node]:
    return [node for part in parts for node in part]


def whole(blocks: Array) -> Array:
    """The block-diagonal matrix [groups d, groups d]."""
    groups, size, _ = blocks.shape
    found = np.zeros((groups, size, groups, size), blocks.dtype)
    found[np.arange(groups), :, np.arange(groups)] = blocks
    return found.reshape(groups * size, groups * size)
