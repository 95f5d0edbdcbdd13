"""Stand-ins: how shape inference gets past ops that the ONNX standard doesn't know.

ONNX Runtime writes fused and quantised ops of its own into the models that it optimises. onnx's shape inference stops
at the first of them, and everything behind it would be of unknown shape. For inference alone, such a node calls a
function of standard ops that makes the same shapes and types. What is in no table stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import onnx
import onnx.parser
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, helper

from onnxprune.graph.standin_bodies import BODIES, Call

DOMAIN = "ai.onnxprune.standin"
CONTRIB = "com.microsoft"

LAYER_NORMALIZATION_SINCE = 17

Known = Mapping[str, tuple[int, int | None]]

_OPSET = 21
_IR_WITH_FUNCTIONS = 8
_TAKING = frozenset("AveragePool Concat Conv Gemm GlobalAveragePool MaxPool ReduceMean".split())
"""Ops of the functions whose attributes are those of the call."""


def is_foreign(node: NodeProto, opset: int) -> bool:
    """Whether ONNX Runtime put this node into the standard domain, which doesn't know it."""
    if node.domain not in ("", "ai.onnx"):
        return False
    early = node.op_type == "LayerNormalization" and opset < LAYER_NORMALIZATION_SINCE
    return early or node.op_type == "SimplifiedLayerNormalization"


def naturalised(proto: ModelProto) -> ModelProto:
    """The model with foreign nodes in the domain that they come from, so that a checker for the standard accepts it."""
    if not any(is_foreign(node, _opset(proto)) for node in _nodes(proto.graph)):
        return proto
    made = ModelProto()
    made.CopyFrom(proto)
    for node in _nodes(made.graph):
        if is_foreign(node, _opset(proto)):
            node.domain = CONTRIB
    _import(made, CONTRIB)
    return made


def with_stand_ins(proto: ModelProto) -> ModelProto:
    """The model, for shape inference: nodes of known contrib ops call functions that make the same shapes and types.

    The order and number of nodes, and the names of all tensors, stay. A model without such nodes is returned as it is.
    """
    opset = _opset(proto)
    if not any(_is_known(node, opset) for node in _nodes(proto.graph)):
        return proto
    made = ModelProto()
    made.CopyFrom(proto)
    known = _known(made.graph)
    functions: dict[bytes, FunctionProto] = {}
    for node in _nodes(made.graph):
        if _is_known(node, opset):
            _replace(node, known, functions)
    made.functions.extend(functions.values())
    made.ir_version = max(made.ir_version, _IR_WITH_FUNCTIONS)
    _import(made, DOMAIN)
    return made


def _opset(proto: ModelProto) -> int:
    return max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)


def _import(proto: ModelProto, domain: str) -> None:
    if all(entry.domain != domain for entry in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid(domain, 1))


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """The nodes of a graph and of the bodies in it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from _nodes(attribute.g)


def _is_known(node: NodeProto, opset: int) -> bool:
    return node.op_type in BODIES and (node.domain == CONTRIB or is_foreign(node, opset))


def _known(graph: GraphProto) -> Known:
    """Element types and ranks of inputs and stored tensors."""
    kinds = {v.name: v.type.tensor_type for v in graph.input}
    declared = {name: (t.elem_type, len(t.shape.dim) if t.HasField("shape") else None) for name, t in kinds.items()}
    return declared | {t.name: (t.data_type, len(t.dims)) for t in graph.initializer}


def _replace(node: NodeProto, known: Known, functions: dict[bytes, FunctionProto]) -> None:
    """Let a node call its function; functions that are the same become one."""
    found = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    told = [known.get(name, (0, None)) for name in node.input]
    call = Call(found, tuple(map(bool, node.input)), tuple(t for t, _ in told), tuple(r for _, r in told))
    body = BODIES[node.op_type]
    made = _function(body if isinstance(body, str) else body(call), node.attribute)
    del made.output[len(node.output) :]
    function = functions.setdefault(made.SerializeToString(), made)
    if not function.name:
        function.name = f"f{len(functions)}"
    inputs, outputs = list(node.input)[: len(function.input)], list(node.output)[: len(function.output)]
    node.CopyFrom(NodeProto(op_type=function.name, domain=DOMAIN, name=node.name, input=inputs, output=outputs))


def _function(text: str, attributes: Iterable[AttributeProto]) -> FunctionProto:
    """A nameless function whose nodes have taken the attributes that their ops know."""
    function: FunctionProto = onnx.parser.parse_function(f'<domain: "{DOMAIN}", opset_import: ["": {_OPSET}]> f {text}')
    function.ClearField("name")
    for node in function.node:
        if node.op_type in _TAKING:
            known = onnx.defs.get_schema(node.op_type, _OPSET).attributes
            node.attribute.extend(a for a in attributes if a.name in known)
    return function
