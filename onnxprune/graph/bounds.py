"""How large the integers of an input may be: the length of the table that they index."""

from __future__ import annotations

import onnx_graphsurgeon as gs

THROUGH = frozenset("Cast Identity Reshape Squeeze Unsqueeze Flatten Transpose".split())


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
        if node.op == "Gather" and node.inputs[1] is tensor and isinstance(node.inputs[0], gs.Constant):
            sizes.append(int(node.inputs[0].shape[node.attrs.get("axis", 0)]))
        elif node.op in THROUGH and depth < 4:
            sizes += _tables(node.outputs[0], depth + 1)
    return sizes
