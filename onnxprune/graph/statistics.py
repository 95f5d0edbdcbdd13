"""Statistics of weights that the model computes anew in every run: they are stored as what they come to.

Weight normalisation divides a weight by its norm (Salimans and Kingma 2016), weight standardisation takes its mean
away, spectral normalisation divides by its largest singular value. Computed in the graph, such a number would change
with the units that go, and with it what stays. Stored, it is that of the dense model, and every unit goes by itself.
"""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs
from onnx import ModelProto, helper

from onnxprune.graph.dead import maker_of
from onnxprune.graph.edit import read
from onnxprune.graph.exporting import Exporter, declare
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import Names
from onnxprune.graph.tensors import write_tensor
from onnxprune.graph.undo import Fold

REDUCING = frozenset(
    "ReduceL1 ReduceL2 ReduceSum ReduceSumSquare ReduceMean ReduceMax ReduceMin ReduceLogSum ReduceLogSumExp".split()
)
PREPARING = frozenset(
    "Abs Add Cast Clip Div Exp Flatten Identity MatMul Max Min Mul Neg Pow Reciprocal Reshape Sqrt Squeeze Sub "
    "Transpose Unsqueeze".split()
)
"""Ops that may stand between a stored weight and what sums over it."""

DEPTH = 16


def store_statistics(model: Model, names: Names) -> None:
    """Store what reductions of stored weights come to, in place; the reductions stay, read by nobody."""
    for graph in graphs(model):
        given = {id(t) for t in graph.outputs}
        for node in graph.nodes:
            if _is_statistic(node) and id(node.outputs[0]) not in given:
                _store(model, node, names)


def _store(model: Model, node: gs.Node, names: Names) -> None:
    tensor = node.outputs[0]
    stored = gs.Constant(names.new(f"{tensor.name}/value"), _evaluate(node, model.opset))
    for reader in dict.fromkeys(tensor.outputs):
        for i, operand in enumerate(list(reader.inputs)):
            if operand is tensor:
                model.undo.folds.append(Fold(reader, i, tensor))
                read(reader, i, stored)


def _is_statistic(node: gs.Node) -> bool:
    """Whether a node sums over stored weights alone: a reduction, or a product that leaves a vector or a number."""
    if not node.outputs or not node.outputs[0].outputs or not _is_float(node.outputs[0]):
        return False
    shape = node.outputs[0].shape
    summing = node.op in REDUCING or (node.op == "MatMul" and shape is not None and len(shape) < 2)
    return summing and not node.domain and all(_from_stored(t, DEPTH) for t in node.inputs)


def _is_float(tensor: gs.Tensor) -> bool:
    return tensor.dtype in (np.float16, np.float32, np.float64)


def _from_stored(tensor: gs.Tensor, depth: int) -> bool:
    if isinstance(tensor, gs.Constant) or tensor.is_empty():
        return True
    maker = maker_of(tensor)
    if maker is None or not depth or maker.domain or maker.op not in PREPARING | REDUCING:
        return False
    return all(_from_stored(t, depth - 1) for t in maker.inputs)


def _evaluate(node: gs.Node, opset: int) -> np.ndarray:
    """What a node comes to whose inputs are all made of stored tensors."""
    from onnx.reference import ReferenceEvaluator  # slow to import, and rarely needed

    made = list(ReferenceEvaluator(_model(node, opset)).run(None, {}))
    return np.asarray(made[0], node.outputs[0].dtype)


def _model(node: gs.Node, opset: int) -> ModelProto:
    nodes: dict[int, gs.Node] = {}
    _collect(node, nodes)
    stored = {id(t): t for n in nodes.values() for t in n.inputs if isinstance(t, gs.Constant)}
    exporter = Exporter({}, write_tensor)
    graph = helper.make_graph(
        [exporter.node(n) for n in nodes.values()],
        "statistic",
        [],
        [declare(node.outputs[0])],
        [write_tensor(t) for t in stored.values()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _collect(node: gs.Node, nodes: dict[int, gs.Node]) -> None:
    """The nodes that a node needs, makers first."""
    if id(node) in nodes:
        return
    for tensor in node.inputs:
        maker = None if isinstance(tensor, gs.Constant) else maker_of(tensor)
        if maker is not None:
            _collect(maker, nodes)
    nodes[id(node)] = node
