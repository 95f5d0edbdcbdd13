import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from onnxprune.errors import InputError
from onnxprune.runtime import prepare, run, session


def test_outputs_are_named(build):
    loaded = session(build("g (float[2] x) => (float[2] y, float[2] z) { y = Relu(x)  z = Neg(x) }"))
    outputs = run(loaded, {"x": np.array([-1, 2], np.float32)})
    assert {name: array.tolist() for name, array in outputs.items()} == {"y": [0, 2], "z": [1, -2]}


def test_prepare_can_be_called_again(build):
    call = prepare(session(build("g (float[2] x) => (float[2] y) { y = Neg(x) }")), {"x": np.ones(2, "f")})
    assert call()[0].tolist() == call()[0].tolist() == [-1, -1]


def test_bfloat16_goes_in_and_out_as_float32(build):
    loaded = session(build("g (bfloat16[n] x) => (bfloat16[n] y) { y = Identity(x) }"))
    x = np.array([1.0, -2.5, 1.00390625, 1.01171875, np.inf, np.nan, 0.1], np.float32)
    y = run(loaded, {"x": x})["y"]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, x.astype(ml_dtypes.bfloat16).astype(np.float32))
    assert y[2] == 1.0  # a tie, to the even neighbour
    np.testing.assert_array_equal(run(loaded, {"x": x.astype(ml_dtypes.bfloat16)})["y"], y)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 3)])
def test_bfloat16_keeps_the_shape(build, shape):
    axes = "" if shape == () else "[" + ",".join("abc"[: len(shape)]) + "]"
    loaded = session(build(f"g (bfloat16{axes} x) => (bfloat16{axes} y) {{ y = Identity(x) }}"))
    y = run(loaded, {"x": np.full(shape, 3.0, np.float32)})["y"]
    assert y.shape == shape
    assert (y == 3).all()


def test_bfloat16_beside_other_types(build):
    text = "g (bfloat16[2] x, float[2] w) => (bfloat16[2] y, float[2] v) { y = Identity(x)  v = Neg(w) }"
    outputs = run(session(build(text)), {"x": np.ones(2, np.float32), "w": np.ones(2, np.float32)})
    assert outputs["y"].tolist() == [1, 1]
    assert outputs["v"].tolist() == [-1, -1]


def test_sequences_are_taken_apart(build):
    text = "g (float[2] x) => (seq(float[2]) y) { z = Neg(x)  y = SequenceConstruct(x, z) }"
    outputs = run(session(build(text)), {"x": np.ones(2, np.float32)})
    assert {name: array.tolist() for name, array in outputs.items()} == {"y[0]": [1, 1], "y[1]": [-1, -1]}


def test_maps_are_taken_apart():
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_strings=["cat", "dog"])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
    y = helper.make_value_info(
        "y",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        ),
    )
    graph = helper.make_graph([node], "g", [x], [y])
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=imports, ir_version=8)
    outputs = run(session(model.SerializeToString()), {"x": np.array([[0.25, 0.75]], np.float32)})
    assert {name: float(value) for name, value in outputs.items()} == {"y[0][cat]": 0.25, "y[0][dog]": 0.75}


def test_an_absent_optional_output_is_left_out(build):
    text = """g () => (optional(float[2]) y, float[1] z) {
        y = Optional<type = float[2]>()
        z = Constant<value = float[1] {1}>()
    }"""
    assert list(run(session(build(text)), {})) == ["z"]


def test_errors_are_one_sentence_and_not_logged(build, capfd):
    loaded = session(build("g (int64[n] i) => (float[n] y) <float[2] w = {1, 2}> { y = Gather<axis = 0>(w, i) }"))
    with pytest.raises(InputError, match="out of data bounds") as caught:
        run(loaded, {"i": np.array([5])})
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="are missing"):
        run(loaded, {})
    assert capfd.readouterr().err == ""
