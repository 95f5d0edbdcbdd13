"""Gathers of all rows."""

import numpy as np
import onnx
import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import finish, from_proto, normalize, to_proto
from onnxprune.runtime import run, session
from tests.oracle import build

TEXT = """g (float[SHAPE] x) => (float[] y) <INDEX> { y = Gather <axis = AXIS> (x, i) }"""


def text(shape: str, index: str, axis: int = 0) -> onnx.ModelProto:
    return build(TEXT.replace("SHAPE", shape).replace("INDEX", index).replace("AXIS", str(axis)))


@pytest.mark.parametrize(
    ("shape", "index", "axis", "target"),
    [
        ("4,3", "int64[4] i = {0, 1, 2, 3}", 0, [4, 3]),
        ("4,3", "int64[4] i = {0, 1, -2, -1}", 0, [4, 3]),
        ("2,6", "int64[2,3] i = {0, 1, 2, 3, 4, 5}", 1, [0, 2, 3]),
        ("2,6", "int64[2,3] i = {0, 1, 2, 3, 4, 5}", -1, [0, 2, 3]),
        ("n,6,k", "int32[2,3] i = {0, 1, 2, 3, 4, 5}", 1, [0, 2, 3, -1]),
        ("2,1,3", "int64 i = {0}", 1, [0, 3]),
    ],
)
def test_all_rows_in_order_are_a_reshape(shape: str, index: str, axis: int, target: list[int]) -> None:
    proto = text(shape, index, axis)
    model = normalize(from_proto(proto))
    (node,) = model.graph.nodes
    assert (node.op, node.inputs[1].values.tolist()) == ("Reshape", target)
    x = np.arange(np.prod([int(d) if d.isdigit() else 2 for d in shape.split(",")]), dtype=np.float32)
    feeds = {"x": x.reshape([int(d) if d.isdigit() else 2 for d in shape.split(",")])}
    before, after = (run(session(p.SerializeToString()), feeds)["y"] for p in (proto, to_proto(model)))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("shape", "index", "axis"),
    [
        ("4,3", "int64[4] i = {0, 1, 3, 2}", 0),
        ("4,3", "int64[3] i = {0, 1, 2}", 0),
        ("n,3", "int64[4] i = {0, 1, 2, 3}", 0),
        ("4,n,k", "int64[2,2] i = {0, 1, 2, 3}", 0),
        ("1", "int64 i = {0}", 0),
        ("4,n", "int64[5] i = {0, 1, 2, 3, 0}", 0),
    ],
)
def test_others_stay(shape: str, index: str, axis: int) -> None:
    assert [n.op for n in normalize(from_proto(text(shape, index, axis))).graph.nodes] == ["Gather"]


STRIDED = """g (float[1,3] x) => (float[] y) <float[3,6] a, float[6,4] b, int64[1] flat = {-1}, int64[2] two = {1, 6},
int64[6,1,1] all = {0, 1, 2, 3, 4, 5}>
{ h = MatMul(x, a) f = Reshape(h, flat) r = Gather <axis = 0> (f, all) u = Reshape(r, two) y = MatMul(u, b) }"""


def test_a_view_of_strided_memory_leaves_units_free() -> None:
    model = normalize(from_proto(build(STRIDED)))
    assert [(g.size, g.prunable) for g in analyze(model.graph, model.opsets).prunable] == [(6, True)]


COMPUTED = """g (float[1,6] x) => (float[6] y) <int64[2] s = {1, 6}, int64 zero = {0}>
{ h = Shape(x) o = Gather(h, zero) i = Sub(o, o) r = Reshape(x, s) y = Gather <axis = 0> (r, i) }"""


def test_a_computed_index_is_not_put_back() -> None:
    proto = to_proto(finish(normalize(from_proto(build(COMPUTED)))))
    x = np.arange(6, dtype=np.float32).reshape(1, 6)
    np.testing.assert_array_equal(run(session(proto.SerializeToString()), {"x": x})["y"], x[0])
