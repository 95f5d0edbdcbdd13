"""From an onnx-graphsurgeon graph back to protobuf, with everything that the source file said about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto, helper

from onnxprune.graph.importing import copy_fields
from onnxprune.graph.ir import TAP_DOMAIN, bodies_of, header_of, note_of
from onnxprune.graph.sparse import INITIALIZER, sparse_form, write_sparse
from onnxprune.graph.tensors import onnx_type, write_tensor

_INFERRED = "unk__"
"""How shape inference begins the names that it gives to open dimensions, anew every time."""


@dataclass(slots=True)
class Exporter:
    """Writes graphs.

    owned:     id(graph) -> the stored tensors that it is written with
    write:     how a stored tensor is spelled
    lean:      leave out what shape inference finds by itself
    constants: write stored tensors that are not declared as inputs as Constant nodes, as IR version 3 demands
    """

    owned: Mapping[int, Sequence[gs.Constant]]
    write: Callable[[gs.Constant], TensorProto]
    lean: bool = False
    constants: bool = False

    def fill(self, proto: GraphProto, graph: gs.Graph, header: GraphProto) -> None:
        """Fill an empty GraphProto: the header, brought up to date, the nodes and the stored tensors."""
        copy_fields(proto, header, but=("value_info",) if self.lean else ())
        tensors = list(self.owned.get(id(graph), ()))
        if self.constants:
            declared = {v.name for v in proto.input}
            proto.node.extend(_constant_node(self.write(t)) for t in tensors if t.name not in declared)
            tensors = [t for t in tensors if t.name in declared]
        proto.initializer.extend(self.write(t) for t in tensors if self.lean or not _write_sparse(proto, t))
        proto.node.extend(self.node(node) for node in graph.nodes)
        refresh_header(proto, graph)
        if self.lean:
            _tell_settled(proto, graph)

    def node(self, node: gs.Node) -> NodeProto:
        """The NodeProto."""
        if node.domain == TAP_DOMAIN:
            return NodeProto(op_type="Identity", input=[node.inputs[0].name], output=[node.outputs[0].name])
        proto = NodeProto(op_type=node.op, input=[t.name for t in node.inputs], output=[t.name for t in node.outputs])
        if node.name:
            proto.name = node.name
        if node.domain is not None:
            proto.domain = node.domain
        proto.attribute.extend(self.attribute(name, value) for name, value in node.attrs.items())
        proto.MergeFromString(note_of(node))
        return proto

    def attribute(self, name: str, value: Any) -> AttributeProto:
        """The AttributeProto."""
        if isinstance(value, AttributeProto):
            return value
        if isinstance(value, gs.Graph):
            return AttributeProto(name=name, type=AttributeProto.GRAPH, g=self._body(value))
        if isinstance(value, gs.Constant):
            return AttributeProto(name=name, type=AttributeProto.TENSOR, t=write_tensor(value))
        if isinstance(value, (list, tuple)) and not value:
            return AttributeProto(name=name, type=getattr(value, "kind", AttributeProto.INTS))
        if isinstance(value, (type, np.dtype)):
            return helper.make_attribute(name, onnx_type(np.dtype(value)))
        return helper.make_attribute(name, value.item() if isinstance(value, np.generic) else value)

    def _body(self, graph: gs.Graph) -> GraphProto:
        header = header_of(graph)
        if header is None:
            header = GraphProto(name=graph.name)
        for values, tensors in ((header.input, graph.inputs), (header.output, graph.outputs)):
            if len(values) != len(tensors):
                del values[:]
                values.extend(declare(t) for t in tensors)
            for value, tensor in zip(values, tensors, strict=True):
                value.name = tensor.name
                update_shape(value, tensor)
        proto = GraphProto()
        self.fill(proto, graph, header)
        return proto


def declare(tensor: gs.Tensor) -> ValueInfoProto:
    """What an input says of a tensor."""
    if tensor.dtype is None:
        return ValueInfoProto(name=tensor.name)
    return helper.make_tensor_value_info(tensor.name, onnx_type(tensor.dtype), tensor.shape)


def _write_sparse(proto: GraphProto, tensor: gs.Constant) -> bool:
    """Write a tensor as it was if that was sparse. False where it wasn't, or is longer so by now."""
    made = write_sparse(tensor) if sparse_form(tensor) else None
    if made is None:
        return False
    if sparse_form(tensor) == INITIALIZER:
        proto.sparse_initializer.append(made)
        return True
    made.values.ClearField("name")
    value = AttributeProto(name="sparse_value", type=AttributeProto.SPARSE_TENSOR, sparse_tensor=made)
    proto.node.append(NodeProto(op_type="Constant", output=[tensor.name], attribute=[value]))
    return True


def _tell_settled(proto: GraphProto, graph: gs.Graph) -> None:
    """Say what If nodes with one live branch make: inference can't tell as long as the branches differ in rank."""
    outputs = {v.name: v for v in proto.output}
    for node in graph.nodes:
        for tensor in node.outputs if getattr(node, "live", "") else ():
            if tensor.shape is None or tensor.dtype is None:
                continue
            value = outputs.get(tensor.name)
            if value is None:
                proto.value_info.append(declare_again(tensor))
            elif not value.type.tensor_type.HasField("shape"):
                value.CopyFrom(declare_again(tensor))


def declare_again(tensor: gs.Tensor) -> ValueInfoProto:
    """What the next inference is told of a tensor: not the names that the last one gave to open lengths."""
    dims = [None if isinstance(d, str) and d.startswith(_INFERRED) else d for d in tensor.shape]
    return helper.make_tensor_value_info(tensor.name, onnx_type(tensor.dtype), dims)


def _constant_node(tensor: TensorProto) -> NodeProto:
    name = tensor.name
    tensor.ClearField("name")
    value = AttributeProto(name="value", type=AttributeProto.TENSOR, t=tensor)
    return NodeProto(op_type="Constant", output=[name], attribute=[value])


def refresh_header(proto: GraphProto, graph: gs.Graph) -> None:
    """Bring what a header says about tensors up to date: no word of those that are gone, lengths as they are."""
    inputs = {t.name for t in graph.inputs}
    about = (proto.value_info, proto.quantization_annotation)
    if not any(about) and len(proto.input) == len(inputs):
        return
    known = _tensors(graph)
    _keep(proto.value_info, lambda v: v.name in known and update_shape(v, known[v.name]))
    _keep(proto.quantization_annotation, lambda a: a.tensor_name in inputs | known.keys())
    stored = {t.name for t in proto.initializer} | {t.values.name for t in proto.sparse_initializer}
    for value in proto.input:
        if value.name in known and value.name not in inputs:
            value.CopyFrom(declare(known[value.name]))
    _keep(proto.input, lambda v: v.name in inputs or v.name in known or v.name in stored)


def _keep(field: Any, wanted: Callable[[Any], bool]) -> None:
    for i in reversed(range(len(field))):
        if not wanted(field[i]):
            del field[i]


def _tensors(graph: gs.Graph) -> dict[str, gs.Tensor]:
    """What a graph and its bodies read or make, by name; its own go before those of bodies."""
    known: dict[str, gs.Tensor] = {}
    for node in graph.nodes:
        for body in bodies_of(node):
            known.update(_tensors(body))
    known.update((t.name, t) for node in graph.nodes for t in (*node.inputs, *node.outputs))
    known.update((t.name, t) for t in graph.outputs)
    return known


def update_shape(value: ValueInfoProto, tensor: gs.Tensor) -> bool:
    """Write the tensor's known lengths over declared ones that differ. False where even the rank differs."""
    if tensor.shape is None or not value.type.tensor_type.HasField("shape"):
        return True
    dims = value.type.tensor_type.shape.dim
    if len(dims) != len(tensor.shape):
        return False
    for dim, size in zip(dims, tensor.shape, strict=True):
        if isinstance(size, int) and dim.HasField("dim_value") and dim.dim_value != size:
            dim.dim_value = size
    return True
