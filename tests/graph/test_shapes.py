"""Shapes: inferred, told by the file where inference can't, and made concrete."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import concrete, from_proto, index_bounds, infer, normalize, skeleton
from onnxprune.graph.expose import computed, exposing
from onnxprune.graph.wire import INLINE_BYTES
from onnxprune.runtime import run, session
from tests.graph.helpers import model, noise, normalized, with_weights

CONV = """
g (float[n,3,h,8] x) => (float[n,6,p,8] y)
{ c = Conv <pads = [1, 1, 1, 1]> (x, w) y = Relu(c) }
"""


def conv() -> onnx.ModelProto:
    return with_weights(model(CONV), w=noise(6, 3, 3, 3))


def test_symbols_stay_symbols() -> None:
    shape = from_proto(conv()).graph.nodes[0].outputs[0].shape
    assert (shape[0], shape[1], shape[3]) == ("n", 6, 8)
    assert not isinstance(shape[2], int)


def test_open_lengths_of_inputs_have_names() -> None:
    """So that it can be told which lengths of other tensors are the same."""
    loaded = from_proto(model("g (float[?,3] x) => (float[a,3] z) { y = Neg(x) z = Exp(y) }"))
    assert loaded.graph.inputs[0].shape == ["x:0", 3]
    assert loaded.graph.nodes[0].outputs[0].shape == ["x:0", 3]


def test_types_that_numpy_lacks() -> None:
    loaded = from_proto(model("g (bfloat16[2] x) => (bfloat16[2] z) { y = Neg(x) z = Neg(y) }"))
    assert np.dtype(loaded.graph.nodes[0].outputs[0].dtype).name == "bfloat16"


def custom(declared: bool) -> onnx.ModelProto:
    header = '<ir_version: 8, opset_import: ["": 18, "org": 1]>'
    proto = model(f"{header} g (float[b,4] x) => (float[b,p] y) {{ h = org.F(x) y = Relu(h) }}")
    if declared:
        proto.graph.value_info.append(onnx.helper.make_tensor_value_info("h", 1, ["b", 9]))
    return proto


def test_behind_unknown_ops_the_file_is_asked() -> None:
    assert from_proto(custom(True)).graph.nodes[1].inputs[0].shape == ["b", 9]
    assert from_proto(custom(False)).graph.nodes[1].inputs[0].shape is None


def test_elsewhere_the_file_is_not_asked() -> None:
    """Somebody opened the batch and left the old lengths in place."""
    proto = conv()
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info("c", 1, [1, 6, 8, 8]))
    assert from_proto(proto).graph.nodes[0].outputs[0].shape[0] == "n"


def test_bodies_have_shapes() -> None:
    text = """
    g (bool c, float[b,4] x) => (float[b,4] y)
    {
        y = If (c) <
            then_branch = t () => (float[b,4] o) { h = Neg(x) o = Exp(h) },
            else_branch = e () => (float[b,4] o) { o = Identity(x) }
        >
    }
    """
    body = from_proto(model(text)).graph.nodes[0].attrs["then_branch"]
    assert body.nodes[0].outputs[0].shape == ["b", 4]
    assert body.nodes[0].outputs[0].dtype == np.float32


def test_a_graph_that_can_not_be_inferred_is_left_open() -> None:
    """Inference raises on some models that the checker accepts; that says nothing of the model."""
    proto = model("g (float[2,3] x) => (float[5,5] y) { y = Relu(x) }")
    assert infer(proto).graph.output[0].type.tensor_type.shape.dim[0].dim_value in (2, 5)


def test_skeletons_hold_no_weights() -> None:
    proto = with_weights(model("g (float[2,40] x) => (float[2,50] y) { h = MatMul(x, w) y = Add(h, b) }"))
    with_weights(proto, w=noise(40, 50), b=noise(50))
    made = skeleton(from_proto(proto))
    assert [t.name for t in made.graph.initializer] == ["b"]
    assert [v.name for v in made.graph.input] == ["x", "w"]
    assert made.ByteSize() < INLINE_BYTES


def test_concrete_shapes() -> None:
    shapes = concrete(skeleton(normalize(from_proto(conv()))), {"x": (2, 3, 10, 8)})
    assert shapes["c"] == shapes["y"] == (2, 6, 10, 8)


def test_concrete_shapes_behind_a_put_together_target() -> None:
    text = """
    g (float[b,h,s,16] x) => (float[n,s,16] y)
    {
        f = Shape <end = 2> (x) n = ReduceProd <keepdims = 1> (f) r = Shape <start = 2> (x)
        t = Concat <axis = 0> (n, r) v = Reshape(x, t) y = Relu(v)
    }
    """
    assert concrete(skeleton(normalized(text)), {"x": (2, 3, 5, 16)})["v"] == (6, 5, 16)


def test_negative_lengths_are_open() -> None:
    proto = conv()
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = -1
    loaded = from_proto(proto)
    assert loaded.graph.inputs[0].shape[0] == "x:0"
    assert concrete(skeleton(loaded), {"x": (2, 3, 10, 8)})["y"] == (2, 6, 10, 8)


@pytest.mark.parametrize(
    ("nodes", "bound"),
    [
        ("y = Gather(w, i)", 30),
        ("k = Cast <to = 7> (i) y = Gather(w, k)", 30),
        ("y = Gather <axis = 1> (w, i)", 20),
        ("a = Gather(w, i) b = Gather <axis = 1> (w, i) y = Add(a, b)", 20),
        ("k = Add(i, i) y = Gather(w, k)", None),
        ("y = Gather(i, i)", None),
    ],
)
def test_bounds_of_inputs_that_index_a_table(nodes: str, bound: int | None) -> None:
    proto = with_weights(model(f"g (int64[3] i) => (float y) {{ {nodes} }}"), w=noise(30, 20))
    found = index_bounds(from_proto(proto).graph)
    assert found == ({} if bound is None else {"i": bound})


@pytest.mark.parametrize(
    ("steps", "nodes", "bound"),
    [
        ("5", "c = Cast <to = 6> (l) y = LSTM <hidden_size = 2> (x, w, r, , c)", 6),
        ("t", "c = Cast <to = 6> (l) y = LSTM <hidden_size = 2> (x, w, r, , c)", 2),
        ("5", "y = ReverseSequence(x, l)", 6),
        ("5", "y = ReverseSequence <time_axis = 1, batch_axis = 0> (x, l)", 4),
        ("5", "y = Gather <axis = 2> (x, l)", None),
    ],
)
def test_bounds_of_inputs_that_count_steps(steps: str, nodes: str, bound: int | None) -> None:
    text = f"g (float[{steps},3,4] x, int64[3] l) => (float y) <float[1,8,4] w, float[1,8,2] r> {{ {nodes} }}"
    found = index_bounds(from_proto(with_weights(model(text), w=noise(1, 8, 4), r=noise(1, 8, 2))).graph)
    assert found == ({} if bound is None else {"l": bound})


def test_tensors_exposed(tmp_path: Path) -> None:
    data = conv().SerializeToString() + exposing(["c"])
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    found = run(session(path), {"x": noise(1, 3, 4, 8)})
    assert np.array_equal(np.maximum(found["c"], 0), found["y"])
    assert computed(data) == computed(path) == {"x", "c", "y"}
    assert exposing([]) == b""
    with pytest.raises(InputError, match="not an ONNX file"):
        computed(b"no model")
