"""Shape inference on skeletons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx
import onnx_graphsurgeon as gs
from onnx import AttributeProto, GraphProto, ModelProto, ValueInfoProto, shape_inference

from onnxprune.graph.assemble import for_inference
from onnxprune.graph.importing import describe
from onnxprune.graph.ir import bodies_of
from onnxprune.graph.model import Model
from onnxprune.graph.standins import with_stand_ins


def infer(proto: ModelProto) -> ModelProto:
    """Infer shapes with value propagation; symbolic dimensions stay symbolic, what can't be inferred stays open."""
    try:
        return shape_inference.infer_shapes(with_stand_ins(proto), data_prop=True)
    except (shape_inference.InferenceError, ValueError, RuntimeError):
        return proto


def refresh(model: Model, lean: ModelProto | None = None) -> None:
    """Infer the shapes of the model's tensors anew. lean: what `for_inference` makes, where it is at hand."""
    _apply(model.graph, infer(lean or for_inference(model)).graph)
    declared = list(_declared(model))
    if declared:
        _apply(model.graph, infer(for_inference(model, declared)).graph)


_DOUBTFUL = frozenset(("Einsum",))
"""Ops whose outputs are inferred wrongly by onnx: it doesn't broadcast a letter that has length 1 in one operand."""


def _declared(model: Model) -> Iterator[ValueInfoProto]:
    """What the file says of tensors where inference fails, as it does behind ops that it doesn't know.

    Elsewhere it is not asked: files keep old lengths when their inputs are given new ones.
    """
    wanted = {t.name for n in model.graph.nodes for t in n.outputs if t.shape is None or n.op in _DOUBTFUL}
    for value in model.header.graph.value_info if wanted else ():
        if value.name in wanted and value.type.tensor_type.HasField("shape"):
            yield value


def _apply(graph: gs.Graph, proto: GraphProto) -> None:
    known = {v.name: v.type for v in (*proto.input, *proto.value_info, *proto.output)}
    for tensor in (*graph.inputs, *(t for node in graph.nodes for t in node.outputs)):
        if tensor.name in known:
            describe(tensor, known[tensor.name])
    made = proto.node[len(proto.node) - len(graph.nodes) :]
    for node, node_proto in zip(graph.nodes, made, strict=True):
        inner = [a.g for a in node_proto.attribute if a.type == AttributeProto.GRAPH] if bodies_of(node) else ()
        for body, body_proto in zip(bodies_of(node), inner, strict=True):
            _apply(body, body_proto)


def concrete(proto: ModelProto, dims: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors once every input has the shape in `dims` (input name -> shape)."""
    fixed = ModelProto()
    fixed.CopyFrom(proto)
    del fixed.graph.value_info[:]  # symbols there would hold back what the inputs now tell
    for value in fixed.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, dims.get(value.name, ()), strict=False):
            dim.dim_value = size
    for value in fixed.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param") or dim.dim_value < 0:
                dim.Clear()
    known = infer(fixed)
    return {v.name: s for v in (*known.graph.value_info, *known.graph.output) if (s := _static(v)) is not None}


def _static(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    known = all(d.HasField("dim_value") and d.dim_value >= 0 for d in dims)
    return tuple(d.dim_value for d in dims) if known else None
