"""Shapes behind ops that the ONNX standard doesn't know, against those that ONNX Runtime makes."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import onnxruntime as ort
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import from_proto, to_proto
from onnxprune.graph.shapes import infer
from onnxprune.graph.standin_bodies import BODIES
from onnxprune.graph.standins import naturalised, with_stand_ins
from tests.coupling.cases import Case, cases
from tests.oracle import build

HEADER = '<ir_version: 8, opset_import: ["": {opset}, "com.microsoft": 1]>\n'
CASES = [c for c in cases() if c.op in BODIES and "unrunnable" not in c.but and "com.microsoft" in c.text]


def _made(proto: onnx.ModelProto) -> dict[str, list[int | str]]:
    values = (*proto.graph.value_info, *proto.graph.output)
    return {v.name: [d.dim_value or d.dim_param for d in v.type.tensor_type.shape.dim] for v in values}


def _parsed(body: str, opset: int = 17) -> onnx.ModelProto:
    return onnx.parser.parse_model(HEADER.format(opset=opset) + body)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shapes_and_types_are_those_that_a_run_has(case: Case) -> None:
    proto = build(case.text, case.opset)
    known = {v.name: v.type.tensor_type for v in infer(proto).graph.value_info}
    made = [n for node in proto.graph.node for n in node.output if n in known]
    assert {n for node in proto.graph.node if node.op_type == case.op for n in node.output[:1]} <= {
        *made,
        *(v.name for v in proto.graph.output),
    }
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {v.name: _feed(v) for v in session.get_inputs()}
    for name, values in zip(made, session.run(made, feeds), strict=True):
        assert [d.dim_value for d in known[name].shape.dim] == list(values.shape), name
        assert onnx.helper.tensor_dtype_to_np_dtype(known[name].elem_type) == values.dtype, name


def _feed(value: ort.NodeArg) -> np.ndarray:
    dtype = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}[value.type]
    return np.ones(value.shape, dtype)


def test_open_lengths_keep_their_names() -> None:
    proto = _parsed("""g (float["b","s",8] x) => (float y) <float[8,18] w, float[8] g, float[6,8] i, float[8] c>
    { a = com.microsoft.Attention <num_heads = 2> (x, w) m = MatMul(a, i)
      k, , , t = com.microsoft.SkipLayerNormalization(m, x, g)
      f = com.microsoft.FusedMatMul <transB = 1, alpha = 0.5> (k, x)
      l = com.microsoft.BiasGelu(t, c) y = Identity(f) }""")
    made = _made(infer(proto))
    assert made["a"] == ["b", "s", 6]
    assert made["k"] == made["t"] == made["l"] == ["b", "s", 8]
    assert made["f"] == ["b", "s", "s"]


def test_nodes_stay_in_their_places_in_bodies_too() -> None:
    proto = _parsed("""g (float[2,4] x, bool t) => (float y) <float[4] c>
    { y = If (t) <then_branch = p () => (float a) { u = com.microsoft.BiasGelu(x, c) a = Relu(u) },
                  else_branch = q () => (float b) { b = Relu(x) }> }""")
    stood = with_stand_ins(proto)
    branch = stood.graph.node[0].attribute[0].g
    assert [len(n.output) for n in branch.node] == [1, 1] and branch.node[0].output[0] == "u"
    inferred = infer(proto).graph.node[0].attribute[0].g
    assert [d.dim_value for v in inferred.value_info if v.name == "u" for d in v.type.tensor_type.shape.dim] == [2, 4]


def test_a_model_of_standard_ops_is_left_alone() -> None:
    proto = _parsed("g (float[2,4] x) => (float y) { y = Relu(x) }")
    assert with_stand_ins(proto) is proto and naturalised(proto) is proto


def test_equal_calls_share_a_function() -> None:
    proto = _parsed("""g (float[2,4] x) => (float y) <float[4] c>
    { a = com.microsoft.BiasGelu(x, c) b = com.microsoft.BiasGelu(a, c) y = com.microsoft.Gelu(b) }""")
    assert len(with_stand_ins(proto).functions) == 1


FOREIGN = """g (float[2,4] x) => (float[2,4] y) <float[4] s = {1, 2, 3, 4}>
    { h = SimplifiedLayerNormalization(x, s) z = LayerNormalization(h, s) y = Relu(z) }"""


def test_ops_that_the_standard_got_from_onnx_runtime_are_loaded_and_saved_as_they_are() -> None:
    model = from_proto(_parsed(FOREIGN, 13))
    assert [n.outputs[0].shape for n in model.graph.nodes] == [[2, 4]] * 3
    assert [(n.domain, n.op_type) for n in to_proto(model).graph.node] == [
        ("", "SimplifiedLayerNormalization"),
        ("", "LayerNormalization"),
        ("", "Relu"),
    ]


def test_other_unknown_ops_of_the_standard_domain_are_refused_still() -> None:
    with pytest.raises(InputError, match="No Op registered for Simplified"):
        from_proto(_parsed(FOREIGN.replace("SimplifiedLayerNormalization", "Simplified"), 13))
