"""How large the integers of an input may be: the length of the table that they index."""

from __future__ import annotations

import onnx_graphsurgeon as gs

THROUGH = frozenset("Cast Identity Reshape Squeeze Unsqueeze Flatten Transpose".split())

TABLES: dict[str, tuple[tuple[tuple[int, int], ...], str]] = {
    "Gather": (((1, 0),), "axis"),
    "GatherBlockQuantized": (((1, 0),), "gather_axis"),
    "EmbedLayerNormalization": (((0, 2), (1, 4), (8, 3)), ""),
}
"""Op -> pairs of an index and the table that it looks up, by operand, and the attribute that says along which axis."""


def index_bounds(graph: gs.Graph) -> dict[str, int]:
    """Input name -> exclusive upper bound, for integer inputs that look up a stored table."""
    found: dict[str, int] = {}
    for tensor in graph.inputs:
        sizes = [s for s in _tables(tensor, 0) if s]
        if sizes:
            found[tensor.name] = min(sizes)
    return found


def _tables(tensor: gs.Tensor, depth: int) -> list[int]:
    sizes: list[int] = []
    for node in tensor.outputs:
        if node.op in TABLES:
            sizes += _looked_up(node, tensor)
        elif node.op in THROUGH and depth < 4:
            sizes += _tables(node.outputs[0], depth + 1)
    return sizes


def _looked_up(node: gs.Node, index: gs.Tensor) -> list[int]:
    """Rows of the stored tables that a node looks up by this index."""
    axis = int(node.attrs.get(TABLES[node.op][1], 0))
    given = [(node.inputs[i], node.inputs[t]) for i, t in TABLES[node.op][0] if max(i, t) < len(node.inputs)]
    return [int(table.shape[axis]) for i, table in given if i is index and isinstance(table, gs.Constant)]
