"""Taps: places where a computed table that many products share may be cut for each use on its own.

The cosines and sines of rotary embedding are computed once and multiplied into every layer's queries and keys; without
a tap they would tie the head dimensions of all layers together. A tap is an identity, which the analysis does not
couple through; where its output must shrink, the rewrite turns it into Gathers.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.edit import detach, insert, read
from onnxprune.graph.ir import TAP, TAP_DOMAIN, Node, bodies_of
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import Names

_LEARNED = frozenset("Conv ConvTranspose Gemm LSTM GRU RNN Attention".split())


def insert_taps(model: Model, names: Names) -> None:
    """Put a tap in front of every product with a shared, computed table."""
    for graph in graphs(model):
        tables = {id(t): t for t in _tables(graph)}
        own = {id(n) for n in graph.nodes}
        before: dict[int, list[gs.Node]] = {}
        for tensor in tables.values():
            users = [n for n in tensor.outputs if n.op == "Mul" and id(n) in own and _scales_data(n, tables)]
            for node in users if len(users) > 1 else ():
                before.setdefault(id(node), []).append(_tap(tensor, node, names))
        insert(graph, before)


def _tables(graph: gs.Graph) -> list[gs.Tensor]:
    """Computed float tensors that depend on no float input and on no learned weight."""
    data = {id(t) for t in graph.inputs if not _is_index(t)}
    tables: list[gs.Tensor] = []
    for node in graph.nodes:
        fed = any(id(t) in data or _is_learned(node, t) for t in node.inputs) or node.op in _LEARNED
        if fed or not node.inputs or bodies_of(node):
            data.update(id(t) for t in node.outputs)
        else:
            tables += [t for t in node.outputs if not _is_index(t) and t.shape]
    return tables


def _is_index(tensor: gs.Tensor) -> bool:
    return tensor.dtype is not None and np.dtype(tensor.dtype).kind in "iub"


def _is_learned(node: gs.Node, tensor: gs.Tensor) -> bool:
    """A stored matrix with two axes of more than one index: rotary frequencies are a vector."""
    if not isinstance(tensor, gs.Constant) or node.op not in ("MatMul", "Gather"):
        return False
    return sum(d > 1 for d in tensor.shape) > 1 and (node.op == "MatMul" or len(node.outputs[0].outputs) < 3)


def _scales_data(node: gs.Node, tables: Collection[int]) -> bool:
    """Whether a product has an operand that is neither a table nor stored."""
    return any(id(t) not in tables and not isinstance(t, gs.Constant) for t in node.inputs)


def _tap(tensor: gs.Tensor, node: gs.Node, names: Names) -> gs.Node:
    name = names.new(f"{tensor.name}/tap")
    out = gs.Variable(name, tensor.dtype, list(tensor.shape))
    for i, operand in enumerate(node.inputs):
        if operand is tensor:
            read(node, i, out)
    return Node(TAP, name, {}, [tensor], [out], domain=TAP_DOMAIN)


def remove_taps(model: Model) -> None:
    """Take out the taps that are left: they cut nothing."""
    for graph in graphs(model):
        taps = {id(n): n for n in graph.nodes if n.op == TAP and n.domain == TAP_DOMAIN}
        for tap in taps.values():
            for user in list(tap.outputs[0].outputs):
                for i, operand in enumerate(user.inputs):
                    if operand is tap.outputs[0]:
                        read(user, i, tap.inputs[0])
            detach(tap)
        if taps:
            graph.nodes = [n for n in graph.nodes if id(n) not in taps]
