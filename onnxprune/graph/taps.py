"""Taps: places where a computed table that many products share may be cut for each use on its own.

The cosines and sines of rotary embedding are computed once and multiplied into every layer's queries and keys; without
a tap they would tie the head dimensions of all layers together. A tap is an Identity node, which the analysis does not
couple through; where its output must shrink, the rewrite turns it into Gathers.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx_graphsurgeon as gs

from onnxprune.graph.io import Model
from onnxprune.graph.ownership import bodies

TAP_DOMAIN = "ai.onnxprune.internal"
TAP = "Tap"

_LEARNED = frozenset("Conv ConvTranspose Gemm LSTM GRU RNN Attention".split())


def insert_taps(model: Model) -> None:
    """Put a tap in front of every product with a shared, computed table."""
    for graph in (model.graph, *bodies(model.graph)):
        tables = _tables(graph)
        for tensor in tables:
            users = [n for n in tensor.outputs if n.op == "Mul" and _other_is_data(n, tensor, tables)]
            if len(users) > 1:
                for number, node in enumerate(users):
                    _tap(graph, tensor, node, number)


def _tables(graph: gs.Graph) -> list[gs.Tensor]:
    """Computed float tensors that depend on no float input and on no learned weight."""
    data = {id(t) for t in graph.inputs if not _is_index(t)}
    tables: list[gs.Tensor] = []
    for node in graph.nodes:
        fed = any(id(t) in data or _is_learned(node, t) for t in node.inputs) or node.op in _LEARNED or _has_body(node)
        if fed or not node.inputs:
            data.update(id(t) for t in node.outputs)
        else:
            tables += [t for t in node.outputs if not _is_index(t) and t.shape]
    return tables


def _is_index(tensor: gs.Tensor) -> bool:
    return tensor.dtype is not None and getattr(tensor.dtype, "kind", _kind(tensor.dtype)) in "iub"


def _kind(dtype: object) -> str:
    import numpy as np

    try:
        return np.dtype(dtype).kind  # type: ignore[call-overload, no-any-return]
    except TypeError:
        return "f"


def _is_learned(node: gs.Node, tensor: gs.Tensor) -> bool:
    """A stored matrix with two axes of more than one index: rotary frequencies are a vector."""
    if not isinstance(tensor, gs.Constant) or node.op not in ("MatMul", "Gather"):
        return False
    return sum(d > 1 for d in tensor.shape) > 1 and (node.op == "MatMul" or len(node.outputs[0].outputs) < 3)


def _has_body(node: gs.Node) -> bool:
    return any(isinstance(v, gs.Graph) for v in node.attrs.values())


def _other_is_data(node: gs.Node, tensor: gs.Tensor, tables: Iterable[gs.Tensor]) -> bool:
    known = {id(t) for t in tables}
    return any(t is not tensor and id(t) not in known and not isinstance(t, gs.Constant) for t in node.inputs)


def _tap(graph: gs.Graph, tensor: gs.Tensor, node: gs.Node, number: int) -> None:
    name = f"{tensor.name}/tap{number}"
    out = gs.Variable(name, tensor.dtype, list(tensor.shape))
    tap = gs.Node(TAP, name, {}, [tensor], [out], domain=TAP_DOMAIN)
    graph.nodes.insert(graph.nodes.index(node), tap)
    for i, read in enumerate(node.inputs):
        if read is tensor:
            node.inputs[i] = out


def remove_taps(model: Model) -> None:
    """Take out the taps that are left: they cut nothing."""
    for graph in (model.graph, *bodies(model.graph)):
        for tap in [n for n in graph.nodes if n.op == TAP and n.domain == TAP_DOMAIN]:
            source, out = tap.inputs[0], tap.outputs[0]
            for user in list(out.outputs):
                for i, read in enumerate(user.inputs):
                    if read is out:
                        user.inputs[i] = source
            tap.inputs.clear()
            tap.outputs.clear()
            graph.nodes.remove(tap)
