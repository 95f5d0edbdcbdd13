"""Stored tensors of every type and spelling."""

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnxprune.graph import finish, from_proto, load, normalize, save, to_proto
from tests.graph.helpers import model, ops, round_trip

TYPED = (
    "FLOAT DOUBLE FLOAT16 BFLOAT16 INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 BOOL INT4 UINT4 FLOAT8E4M3FN"
).split()
KNOWN = {np.dtype(helper.tensor_dtype_to_np_dtype(t)) for t in helper.get_all_tensor_dtypes()}
RNG = np.random.default_rng(0)
TYPES = [
    *(getattr(ml_dtypes, n) for n in ("bfloat16", "int4", "uint4", "int2", "uint2", "float4_e2m1fn")),
    *(getattr(ml_dtypes, f"float8_{n}") for n in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu")),
    *(np.float16, np.float32, np.float64, np.complex64, np.complex128, np.bool_),
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
]


def carrying(tensor: TensorProto) -> onnx.ModelProto:
    """A model whose only output is a stored tensor of its own type."""
    tensor.name = "w"
    output = helper.make_tensor_value_info("y", tensor.data_type, list(tensor.dims))
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [output], [tensor])
    opset = helper.make_opsetid("", onnx.defs.onnx_opset_version())
    return helper.make_model(graph, opset_imports=[opset])


@pytest.mark.parametrize("shape", [(3, 7), (64, 65), (), (0, 4), (1,)], ids=str)
@pytest.mark.parametrize("dtype", [t for t in TYPES if np.dtype(t) in KNOWN], ids=lambda t: np.dtype(t).name)
def test_every_type(dtype: type, shape: tuple[int, ...], tmp_path: Path) -> None:
    values = RNG.integers(0, 2, shape).astype(dtype)
    path, saved = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(carrying(numpy_helper.from_array(values)), path)
    loaded = normalize(load(path))
    tensor = loaded.graph.nodes[0].inputs[0]
    assert tensor.dtype == values.dtype
    assert np.asarray(tensor.values).tobytes() == values.tobytes()
    save(finish(loaded), saved)
    back = numpy_helper.to_array(onnx.load(saved).graph.initializer[0])
    assert (back.dtype, back.shape, back.tobytes()) == (values.dtype, values.shape, values.tobytes())
    assert saved.stat().st_size <= path.stat().st_size


@pytest.mark.parametrize("shape", [(5,), (600,), ()], ids=str)
@pytest.mark.parametrize("kind", TYPED)
def test_typed_fields(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    data_type = getattr(TensorProto, kind)
    values = (np.arange(int(np.prod(shape))) % 2).reshape(shape)
    proto = carrying(helper.make_tensor("w", data_type, shape, values.ravel().tolist()))
    path = tmp_path / "a.onnx"
    save(finish(normalize(from_proto(proto))), path)
    back = numpy_helper.to_array(onnx.load(path).graph.initializer[0])
    assert np.array_equal(np.asarray(back, np.float64), values)


def test_small_integers_are_not_spelled_out(tmp_path: Path) -> None:
    proto = carrying(helper.make_tensor("w", TensorProto.INT64, [600], [3] * 600))
    saved = round_trip(proto, tmp_path)
    assert saved.ByteSize() < 700


@pytest.mark.parametrize("values", [[-1], [2**62, 5], [-(2**63)], [0], [2**31 - 1] * 300])
def test_integers_come_back_exactly(values: list[int], tmp_path: Path) -> None:
    proto = carrying(numpy_helper.from_array(np.int64(values)))
    saved = round_trip(proto, tmp_path)
    assert numpy_helper.to_array(saved.graph.initializer[0]).tolist() == values


def test_strings_need_not_be_text() -> None:
    strings = [b"plain", "ü".encode(), b"\xff\xfe", b""]
    tensor = TensorProto(name="w", data_type=TensorProto.STRING, dims=[2, 2], string_data=strings)
    saved = to_proto(finish(normalize(from_proto(carrying(tensor)))))
    assert list(saved.graph.initializer[0].string_data) == strings
    assert list(saved.graph.initializer[0].dims) == [2, 2]


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({"value_float": 1.5}, np.float32(1.5)),
        ({"value_floats": [1.5, -2.0]}, np.float32([1.5, -2.0])),
        ({"value_int": -7}, np.int64(-7)),
        ({"value_ints": [1, 2, 3]}, np.int64([1, 2, 3])),
        ({"value": numpy_helper.from_array(np.float32([[1, 2]]))}, np.float32([[1, 2]])),
        ({"value": numpy_helper.from_array(np.float32(3))}, np.float32(3)),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else "",
)
def test_constant_nodes_become_stored_tensors(attribute: dict[str, object], expected: np.ndarray, tmp_path: Path):
    output = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(expected.dtype), expected.shape)
    nodes = [helper.make_node("Constant", [], ["c"], **attribute), helper.make_node("Identity", ["c"], ["y"])]
    proto = helper.make_model(helper.make_graph(nodes, "g", [], [output]), ir_version=8)
    proto.opset_import[0].version = 18
    saved = round_trip(proto, tmp_path)
    assert ops(saved) == ["Identity"]
    found = numpy_helper.to_array(saved.graph.initializer[0])
    assert (found.dtype, found.shape, found.tolist()) == (expected.dtype, expected.shape, expected.tolist())


def test_empty_constant_lists() -> None:
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.add(name="value_floats", type=onnx.AttributeProto.FLOATS)
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [0])
    proto = helper.make_model(helper.make_graph([node], "g", [], [output]), ir_version=8)
    loaded = normalize(from_proto(proto))
    assert loaded.graph.outputs[0].values.shape == (0,)
    assert loaded.graph.outputs[0].dtype == np.float32


def test_strings_of_constant_nodes_stay() -> None:
    nodes = [
        helper.make_node("Constant", [], ["a"], value_string="one"),
        helper.make_node("Constant", [], ["b"], value_strings=["one", "two"]),
    ]
    outputs = [helper.make_tensor_value_info(n, TensorProto.STRING, s) for n, s in (("a", []), ("b", [2]))]
    proto = helper.make_model(helper.make_graph(nodes, "g", [], outputs), ir_version=8)
    assert list(to_proto(finish(normalize(from_proto(proto)))).graph.node) == nodes


def test_large_constants_of_nodes_lie_in_the_file(tmp_path: Path) -> None:
    proto = model("g (float[4,40] x) => (float[4,50] y) { y = MatMul(x, w) }")
    value = numpy_helper.from_array(RNG.standard_normal((40, 50)).astype(np.float32))
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=value))
    saved = round_trip(proto, tmp_path)
    assert saved.graph.initializer[0].raw_data == value.raw_data
