"""Masks at the consumers of what is pruned."""

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest
from onnx import TensorProto, helper

from onnxprune.rewrite import mask_consumers
from onnxprune.rewrite.fill import fill, neutral
from onnxprune.rewrite.nodes import Nodes, Unmaskable, splice
from tests.rewrite.small import analysed, apart, draw, keep_of, masked, masks_of, proof, pruned, run, stored

CHAIN = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b>
{ h = MatMul(x, a) z = Exp(h) y = MatMul(z, b) }"""


def test_what_is_pruned_counts_nothing_where_it_is_summed() -> None:
    kept, weights, x = [1, 2, 3, 5], stored(CHAIN), draw(2, 4)
    expected = np.exp(x @ weights["a"][:, kept]) @ weights["b"][kept]
    assert apart(expected, run(masked(CHAIN, {"a[1]": [0, 4]}), x=x)[0]) < 1e-6


def test_weights_and_names_are_those_of_the_source() -> None:
    model = masked(CHAIN, {"a[1]": [0, 4]})
    for name, values in stored(CHAIN).items():
        np.testing.assert_array_equal(stored(model)[name], values)
    proto = onnx.load_from_string(model)
    assert {"h", "z", "y"} <= {name for node in proto.graph.node for name in node.output}


def test_consumers_are_told_with_their_groups() -> None:
    _, analysis = analysed(CHAIN)
    keep = keep_of(analysis, masks_of(analysis, {"a[1]": [0]}))
    consumers = mask_consumers(analysis, keep)
    assert [[t.name for t in c.made] for c in consumers] == [["y"]]
    assert consumers[0].atoms(keep) == set(keep.masks)
    assert [n.name for n in analysis.graph.nodes].count(consumers[0].witness) == 1


def test_no_mask_where_nothing_goes() -> None:
    _, analysis = analysed(CHAIN)
    count = len(analysis.graph.nodes)
    assert mask_consumers(analysis, keep_of(analysis, {})) == []
    assert len(analysis.graph.nodes) == count


def test_an_infinity_in_a_pruned_unit_does_not_leak() -> None:
    text = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6] c = {0, 1, 1, 1, 1, 1}, float[6,3] b>
    { h = MatMul(x, a) i = Exp(h) z = Div(i, c) y = MatMul(z, b) }"""
    y = run(masked(text, {"a[1]": [0]}), x=draw(2, 4))[0]
    assert np.isfinite(y).all()
    assert proof(text, {"a[1]": [0]}, pruned(text, {"a[1]": [0]})).ok


def test_both_operands_of_a_product_of_computed_tensors() -> None:
    text = """g (float[1,5,4] x) => (float[] y) <float[4,6] a, float[4,6] b, float[5,3] c>
    { q = MatMul(x, a) k = MatMul(x, b) t = Transpose <perm = [0, 2, 1]> (k) s = MatMul(q, t) y = MatMul(s, c) }"""
    model, _ = analysed(text)
    proto = onnx.load_from_string(masked(text, {"a[1]": [0, 1]}))
    assert sum(n.op_type == "Where" for n in proto.graph.node) == 2
    assert proof(text, {"a[1]": [0, 1]}, pruned(text, {"a[1]": [0, 1]})).ok
    assert model.opsets[""] == 21


def test_layout_is_no_consumption() -> None:
    text = """g (float[2,4] x) => (float[] y)
    <float[4,8] a, float[4,3] b, int64[1] f = {0}, int64[1] t = {4}, int64[1] d = {1}>
    { h = MatMul(x, a) s = Slice(h, f, t, d) y = MatMul(s, b) }"""
    proto = onnx.load_from_string(masked(text, {"a[1]": [1], "a[1].2": [0]}))
    assert [n.op_type for n in proto.graph.node].count("Where") == 1


def test_before_there_was_a_where() -> None:
    text = f'<ir_version: 4, opset_import: ["": 8]>\n{CHAIN}'
    gone = {"a[1]": [0, 4]}
    assert "Where" not in {n.op_type for n in onnx.load_from_string(masked(text, gone)).graph.node}
    assert proof(text, gone, pruned(text, gone)).ok
    assert proof(text, {"a[1]": [0, 5]}, pruned(text, gone)).status == "failed"


def test_a_sum_over_an_open_length_is_refused_by_name() -> None:
    text = """g (float[1,3,n] x) => (float[1,1] y) <float[6,3,1] a, int64[1] axes = {1}>
    { h = Conv(x, a) f = Flatten(h) y = ReduceSum(f, axes) }"""
    _, analysis = analysed(text)
    with pytest.raises(Unmaskable, match="ReduceSum 'y' sums over an axis whose length is open"):
        mask_consumers(analysis, keep_of(analysis, masks_of(analysis, {"a[0]": [0]})))


# ------------------------------------------------------------------------------------------------- quantised

INTEGER = """g (float[3,4] x) => (float[] y)
<float[4,6] a, int8[6,5] b, float scale = {0.05}, uint8 p = {100}>
{ h = MatMul(x, a) q = QuantizeLinear(h, scale, p) i = MatMulInteger(q, bZERO) y = Cast <to = 1> (i) }"""


@pytest.mark.parametrize("zero", ["", ", p"])
def test_a_quantised_operand_is_masked_with_its_zero_point(zero: str) -> None:
    text, gone = INTEGER.replace("ZERO", zero), {"a[1]": [0, 4]}
    found = proof(text, gone, pruned(text, gone))
    assert found.ok, found
    assert found.error == 0.0
    assert proof(text, {"a[1]": [0, 5]}, pruned(text, gone)).status == "failed"


def masked_alone(node: onnx.NodeProto, operands: dict[str, np.ndarray], i: int, mask: np.ndarray) -> np.ndarray:
    """One node on stored operands, operand `i` of which is masked: what it gives."""
    graph = gs.Graph(opset=21)
    tensors = {k: gs.Variable(k, v.dtype, v.shape) for k, v in operands.items()}
    dtype = np.int32 if "Integer" in node.op_type else np.uint8
    made = gs.Node(node.op_type, "node", {}, [tensors[k] for k in node.input], [gs.Variable("y", dtype)])
    graph.nodes, graph.inputs, graph.outputs = [made], list(tensors.values()), list(made.outputs)
    nodes = Nodes(made, 21)
    made.inputs[i] = fill(nodes, made.inputs[i], mask, neutral(nodes, i))
    splice(graph, {id(made): nodes})
    proto = gs.export_onnx(graph, do_type_check=False)
    proto.ir_version = 10
    result: np.ndarray = run(proto.SerializeToString(), **operands)[0]
    return result


def scalar(value: float, dtype: str) -> np.ndarray:
    return np.array(value, dtype)


def quantised(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(3).integers(0, 100, shape).astype(dtype)


LINEAR = {"s": scalar(0.1, "float32"), "p": scalar(30, "uint8"), "t": scalar(0.2, "float32"), "r": scalar(9, "uint8")}


@pytest.mark.parametrize("side", [0, 3])
def test_either_side_of_a_quantised_product(side: int) -> None:
    operands = {"a": quantised(3, 6), "b": quantised(6, 4), **LINEAR}
    keep = np.array([1, 0, 1, 1, 0, 1], bool)
    whole = helper.make_node("QLinearMatMul", ["a", "s", "p", "b", "t", "r", "s", "p"], ["y"])
    got = masked_alone(whole, operands, side, keep[None, :] if side == 0 else keep[:, None])
    less = {**operands, "a": operands["a"][:, keep], "b": operands["b"][keep]}
    everything = np.ones((1, 1), bool)
    np.testing.assert_array_equal(got, masked_alone(whole, less, side, everything))
    assert (got != masked_alone(whole, operands, side, everything)).any()


def test_a_zero_point_for_every_row() -> None:
    """No runtime at hand has a kernel for this: the masked operand is looked at."""
    a, b, p = gs.Variable("a", np.uint8, [3, 6]), gs.Variable("b", np.uint8, [6, 4]), gs.Variable("p", np.uint8, [3])
    nodes = Nodes(gs.Node("MatMulInteger", "m", {}, [a, b, p], [gs.Variable("y", np.int32)]), 21)
    keep = np.array([[1, 0, 1, 1, 0, 1]], bool)
    made = fill(nodes, a, keep, neutral(nodes, 0))
    proto = gs.export_onnx(gs.Graph(nodes.front, [a, p], [made], opset=21))
    proto.ir_version = 10
    values, rows = quantised(3, 6), np.array([1, 20, 30], np.uint8)
    got = run(proto.SerializeToString(), a=values, p=rows)[0]
    np.testing.assert_array_equal(got, np.where(keep, values, rows[:, None]))


def assert_channels_go(node: onnx.NodeProto, operands: dict[str, np.ndarray], places: tuple[int, ...]) -> None:
    """Masking channels of any of a convolution's operands in `places` gives what the convolution without them gives."""
    keep = np.array([1, 0, 1, 1, 0, 1], bool)
    less = {**operands, "x": operands["x"][:, keep], "w": operands["w"][:, keep]}
    pruned = masked_alone(node, less, 0, np.ones((1, 1, 1, 1), bool))
    for place in places:
        np.testing.assert_array_equal(masked_alone(node, operands, place, keep.reshape(1, 6, 1, 1)), pruned)


def test_padding_of_a_quantised_convolution() -> None:
    operands = {"x": quantised(1, 6, 5, 5), "w": quantised(4, 6, 3, 3), **LINEAR}
    assert_channels_go(helper.make_node("ConvInteger", ["x", "w", "p", "r"], ["y"]), operands, (0,))


def test_a_zero_point_for_every_filter() -> None:
    operands = {"x": quantised(1, 6, 5, 5), "w": quantised(4, 6, 3, 3, dtype="int8"), **LINEAR}
    operands |= {"t": np.full(4, 0.2, "float32"), "r": np.array([1, 2, 3, 4], "int8")}
    node = helper.make_node("QLinearConv", ["x", "s", "p", "w", "t", "r", "s", "p"], ["y"])
    assert_channels_go(node, operands, (0, 3))


def test_quantised_numbers_without_a_known_zero_are_refused_by_name() -> None:
    x = gs.Variable("x", np.uint8, [2, 3])
    node = gs.Node("QSomething", "odd", {}, [x], [gs.Variable("y", np.uint8)])
    with pytest.raises(Unmaskable, match="QSomething 'odd' sums over quantised numbers"):
        neutral(Nodes(node, 21), 0)


TYPES = ["float16", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "bool"]


@pytest.mark.parametrize("dtype", TYPES)
def test_masking_every_element_type(dtype: str) -> None:
    values = np.array([[1, 0, 3], [1, 5, 6]]).astype(dtype)
    value = 0 if dtype == "bool" else 7
    graph = gs.Graph(opset=21)
    x, y = gs.Variable("x", np.dtype(dtype), [2, 3]), gs.Variable("y", np.dtype(dtype), [2, 3])
    node = gs.Node("Identity", "n", {}, [x], [y])
    graph.nodes, graph.inputs, graph.outputs = [node], [x], [y]
    nodes = Nodes(node, 21)
    node.inputs[0] = fill(nodes, x, np.array([[True, False, True]]), value)
    splice(graph, {id(node): nodes})
    proto = gs.export_onnx(graph)
    proto.ir_version = 10
    got = run(proto.SerializeToString(), x=values)[0]
    np.testing.assert_array_equal(got, np.where([[True, False, True]], values, np.array(value, dtype)))


@pytest.mark.parametrize("value", [0.0, 7.0, -np.inf])
def test_masking_by_arithmetic(value: float) -> None:
    """Before opset 9; an infinity is the largest number that is finite."""
    graph = gs.Graph(opset=8)
    x, y = gs.Variable("x", np.dtype(np.float32), [2, 3]), gs.Variable("y", np.dtype(np.float32), [2, 3])
    node = gs.Node("Identity", "n", {}, [x], [y])
    graph.nodes, graph.inputs, graph.outputs = [node], [x], [y]
    nodes = Nodes(node, 8)
    node.inputs[0] = fill(nodes, x, np.array([[True, False, True]]), value)
    splice(graph, {id(node): nodes})
    proto = gs.export_onnx(graph)
    proto.ir_version = 4
    got = run(proto.SerializeToString(), x=np.ones((2, 3), np.float32))[0]
    np.testing.assert_array_equal(got, [[1, max(value, np.finfo(np.float32).min), 1]] * 2)


def test_a_type_below_a_byte_is_refused() -> None:
    node = gs.Node("MatMul", "m", {}, [gs.Variable("x", TensorProto.FLOAT8E5M2, [2, 3])], [gs.Variable("y")])
    with pytest.raises(Unmaskable, match="'x' has an element type"):
        fill(Nodes(node, 21), node.inputs[0], np.ones((1, 3), bool), 0.0)
