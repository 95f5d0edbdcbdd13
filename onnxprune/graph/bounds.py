"""How large the integers of an input may be: less than the rows of the table they index, or the steps they count."""

from __future__ import annotations

import onnx_graphsurgeon as gs

THROUGH = frozenset("Cast Identity Reshape Squeeze Unsqueeze Flatten Transpose".split())

TABLES: dict[str, tuple[tuple[tuple[int, int], ...], str]] = {
    "Gather": (((1, 0),), "axis"),
    "GatherBlockQuantized": (((1, 0),), "gather_axis"),
    "EmbedLayerNormalization": (((0, 2), (1, 4), (8, 3)), ""),
}
"""Op -> pairs of an index and the table that it looks up, by operand, and the attribute that says along which axis."""

RECURRENT = frozenset(("LSTM", "GRU", "RNN"))

SHORTEST = 2
"""Exclusive bound for the length of a sequence that may have any number of steps."""


def index_bounds(graph: gs.Graph) -> dict[str, int]:
    """Input name -> exclusive upper bound, for integer inputs that look up a stored table or count steps."""
    found: dict[str, int] = {}
    for tensor in graph.inputs:
        sizes = [s for s in _bounds(tensor, 0) if s]
        if sizes:
            found[tensor.name] = min(sizes)
    return found


def _bounds(tensor: gs.Tensor, depth: int) -> list[int]:
    sizes: list[int] = []
    for node in tensor.outputs:
        if node.op in TABLES:
            sizes += _looked_up(node, tensor)
        elif node.op in RECURRENT or node.op == "ReverseSequence":
            sizes += _steps(node, tensor)
        elif node.op in THROUGH and depth < 4:
            sizes += _bounds(node.outputs[0], depth + 1)
    return sizes


def _steps(node: gs.Node, lengths: gs.Tensor) -> list[int]:
    """One more than the steps of a sequence of which an operand says how many count."""
    if node.op == "ReverseSequence":
        place, axis = 1, int(node.attrs.get("time_axis", 0))
    else:
        place, axis = 4, int(node.attrs.get("layout", 0))
    if place >= len(node.inputs) or node.inputs[place] is not lengths:
        return []
    shape = node.inputs[0].shape
    steps = shape[axis] if shape is not None and axis < len(shape) else None
    return [steps + 1 if isinstance(steps, int) else SHORTEST]


def _looked_up(node: gs.Node, index: gs.Tensor) -> list[int]:
    """Rows of the stored tables that a node looks up by this index."""
    axis = int(node.attrs.get(TABLES[node.op][1], 0))
    given = [(node.inputs[i], node.inputs[t]) for i, t in TABLES[node.op][0] if max(i, t) < len(node.inputs)]
    return [int(table.shape[axis]) for i, table in given if i is index and isinstance(table, gs.Constant)]
