"""From protobuf to an onnx-graphsurgeon graph. Nothing of the protobuf is kept alive by it.

Constant nodes become stored tensors here, whatever their spelling; those of strings stay nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_graphsurgeon as gs
from google.protobuf.message import Message
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, TypeProto

from onnxprune.errors import InputError
from onnxprune.graph.files import Files
from onnxprune.graph.ir import EmptyList, Node
from onnxprune.graph.order import ordered, title
from onnxprune.graph.sparse import INITIALIZER, NODE, read_sparse
from onnxprune.graph.tensors import element_type, read_tensor, write_tensor

Scope = Mapping[str, gs.Tensor]

_SIMPLE = {AttributeProto.FLOAT: "f", AttributeProto.INT: "i"}
_LISTS = {AttributeProto.FLOATS: "floats", AttributeProto.INTS: "ints"}
_CONSTANT_TYPES = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
_HELD = ("input", "output", "name", "op_type", "domain", "attribute")


@dataclass(slots=True)
class Importer:
    """Builds graphs.

    files: where stored tensors are read from; keep_unread: keep stored tensors that nothing reads;
    names: those of the outermost graph, once it is built
    """

    files: Files
    keep_unread: bool = False
    names: Mapping[str, gs.Tensor] = field(default_factory=dict)

    def graph(self, proto: GraphProto, outer: Scope | None = None) -> gs.Graph:
        """The graph of a GraphProto. Raises InputError where its wiring or a stored tensor is broken."""
        scope: dict[str, gs.Tensor] = dict(outer or {})
        if outer is None:
            self.names = scope
        nodes = ordered(proto, scope.keys(), self.files.where)
        for sparse in proto.sparse_initializer:
            scope[sparse.values.name] = read_sparse(sparse, sparse.values.name, INITIALIZER, self.files)
        for stored in proto.initializer:
            scope[stored.name] = self._stored(stored, stored.name)
        own = {t.name for t in proto.initializer} | {t.values.name for t in proto.sparse_initializer}
        inputs = [_variable(v) for v in proto.input if v.name not in own]
        scope.update((t.name, t) for t in inputs)
        made = [node for proto_node in nodes if (node := self.node(proto_node, scope)) is not None]
        for rank, node in enumerate(made):
            node.rank = rank
        outputs = [scope[v.name] for v in proto.output]
        for value, tensor in zip(proto.output, outputs, strict=True):
            describe(tensor, value.type)
        graph = gs.Graph(made, inputs, outputs, name=proto.name, doc_string=proto.doc_string)
        graph.header = copy_fields(GraphProto(), proto, but=("node", "initializer", "sparse_initializer"))
        graph.header.initializer.extend(self._unread(proto, scope))
        return graph

    def _unread(self, proto: GraphProto, scope: Scope) -> Iterator[TensorProto]:
        """Stored tensors that no node reads but an annotation names."""
        named = {p.value for a in proto.quantization_annotation for p in a.quant_parameter_tensor_names}
        kept = {t.name for t in proto.initializer if self.keep_unread or t.name in named}
        for name in sorted(kept - {v.name for v in proto.output}):
            if not scope[name].outputs:
                yield write_tensor(scope[name])

    def node(self, proto: NodeProto, scope: dict[str, gs.Tensor]) -> gs.Node | None:
        """A node, its outputs put into `scope`; None where it became a stored tensor."""
        if proto.op_type == "Constant" and not proto.domain:
            constant = self._constant(proto)
            if constant is not None:
                scope[constant.name] = constant
                return None
        inputs = [scope[name] if name else gs.Variable.empty() for name in proto.input]
        attrs = {a.name: self.attribute(proto, a, scope) for a in proto.attribute}
        outputs = [gs.Variable(name) for name in proto.output]
        scope.update((t.name, t) for t in outputs if t.name)
        domain = proto.domain if proto.HasField("domain") else None
        node = Node(proto.op_type, proto.name, attrs, inputs, outputs, domain)
        node.note = _note(proto)
        return node

    def _constant(self, proto: NodeProto) -> gs.Constant | None:
        if len(proto.attribute) != 1 or len(proto.output) != 1 or not proto.output[0]:
            return None
        attribute = proto.attribute[0]
        if attribute.name == "value" and attribute.type == AttributeProto.TENSOR:
            return self._stored(attribute.t, proto.output[0])
        if attribute.name == "sparse_value" and attribute.type == AttributeProto.SPARSE_TENSOR:
            return read_sparse(attribute.sparse_tensor, proto.output[0], NODE, self.files)
        dtype = _CONSTANT_TYPES.get(attribute.name)
        if dtype is None or attribute.type not in (*_SIMPLE, *_LISTS):
            return None
        return gs.Constant(proto.output[0], np.array(self.attribute(proto, attribute, {}), dtype))

    def _stored(self, proto: TensorProto, name: str) -> gs.Constant:
        tensor = gs.Constant(name, read_tensor(proto, self.files))
        if proto.doc_string or proto.metadata_props:
            tensor.note = TensorProto(
                doc_string=proto.doc_string, metadata_props=proto.metadata_props
            ).SerializeToString()
        return tensor

    def attribute(self, node: NodeProto, proto: AttributeProto, scope: Scope) -> object:
        """An attribute's value; one that a graph has no form for stays protobuf."""
        kind = proto.type
        if proto.ref_attr_name:
            raise InputError(f"{self.files.where}: {title(node)} refers to a function's attribute outside a function")
        if kind in _SIMPLE:
            return getattr(proto, _SIMPLE[kind])
        if kind in _LISTS:
            return list(getattr(proto, _LISTS[kind])) or EmptyList(kind)
        if kind == AttributeProto.STRING:
            return _text(proto.s)
        if kind == AttributeProto.STRINGS:
            return [_text(s) for s in proto.strings] or EmptyList(kind)
        if kind == AttributeProto.TENSOR:
            return self._stored(proto.t, proto.t.name)
        if kind == AttributeProto.GRAPH:
            return self.graph(proto.g, scope)
        if kind == AttributeProto.GRAPHS:
            raise InputError(f"{self.files.where}: {title(node)} has a list of graphs, '{proto.name}', unknown here")
        return copy_fields(AttributeProto(), proto, but=())


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def copy_fields(made: Message, proto: Message, but: Collection[str]) -> Any:
    """`made` with the fields of `proto` other than those in `but`."""
    for kind, value in proto.ListFields():
        if kind.name in but:
            continue
        if isinstance(value, Message):
            getattr(made, kind.name).CopyFrom(value)
        elif hasattr(value, "extend"):
            getattr(made, kind.name).extend(value)
        else:
            setattr(made, kind.name, value)
    return made


def _note(proto: NodeProto) -> bytes:
    """Fields of a node that a gs.Node has no place for."""
    if all(kind.name in _HELD for kind, _ in proto.ListFields()):
        return b""
    note: bytes = copy_fields(NodeProto(), proto, but=_HELD).SerializeToString()
    return note


def _variable(value: onnx.ValueInfoProto) -> gs.Variable:
    tensor = gs.Variable(value.name)
    describe(tensor, value.type)
    return tensor


def describe(tensor: gs.Tensor, proto: TypeProto) -> None:
    """Give a computed tensor a declared or inferred type and shape."""
    if isinstance(tensor, gs.Constant):
        return
    tensor.type = proto.WhichOneof("value") or "tensor_type"
    tensor.dtype = element_dtype(proto) or tensor.dtype
    if tensor.type == "tensor_type" and proto.tensor_type.HasField("shape"):
        tensor.shape = shape_of(proto.tensor_type.shape)


def element_dtype(proto: TypeProto) -> np.dtype | None:
    """The element type of a tensor, or of the tensors of a sequence."""
    inner = proto.sequence_type.elem_type if proto.HasField("sequence_type") else proto
    kind = inner.sparse_tensor_type if inner.HasField("sparse_tensor_type") else inner.tensor_type
    return element_type(kind.elem_type) if kind.elem_type else None


def shape_of(proto: onnx.TensorShapeProto) -> list[int | str | None]:
    """Lengths: known ones, names of open ones, None."""
    return [_length(dim) for dim in proto.dim]


def _length(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if dim.HasField("dim_value"):
        return dim.dim_value if dim.dim_value >= 0 else None
    return dim.dim_param or None
