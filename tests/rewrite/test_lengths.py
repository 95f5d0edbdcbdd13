"""Lengths that nodes store follow what is pruned."""

from typing import Any

import numpy as np
import onnx_graphsurgeon as gs
import pytest

from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model, from_proto
from onnxprune.rewrite import keep_of, letter_term, shrink
from tests.oracle import build
from tests.rewrite.small import analysed, masks_of, proof, pruned, shrunk


def node(model: Model, op: str, number: int = 0) -> gs.Node:
    found: gs.Node = [n for n in model.graph.nodes if n.op == op][number]
    return found


def raw(source: str, gone: dict[str, list[int]], opset: int = 21) -> Model:
    """Shrunk without normalisation, which would give every use of a constant a copy of its own."""
    model = from_proto(build(source, opset))
    analysis: Analysis = analyze(model.graph, model.opsets)
    shrink(model, analysis, keep_of(analysis, masks_of(analysis, gone)))
    return model


HEADS = """g (float[2,4] x) => (float[] y) <float[4,12] a, float[3,4,5] b, int64[3] t = {2, 3, 4}>
{ h = MatMul(x, a) r = Reshape(h, t) p = Transpose <perm = [1, 0, 2]> (r) y = MatMul(p, b) }"""


def test_expressions_stand_for_terms() -> None:
    """Letters, numbers, products and sums, under a mask that takes two of six groups."""
    text = """g (float[1,3,4,4] x) => (float[] y) <float[6,3,1,1] a, float[12,1,3,3] b, float[3,12,1,1] c>
    { h = Conv(x, a) z = Conv <group = 6> (h, b) y = Conv(z, c) }"""
    _, analysis = analysed(text)
    keep = keep_of(analysis, masks_of(analysis, {"a[0]": [0, 5]}))
    conv = analysis.bindings[1]
    lengths = {e: keep.kept(letter_term(conv, e)) for e in ("g", "o", "(g o)", "(g + o)", "7", "(g + 7)", "(g 7)")}
    assert lengths == {"g": 4, "o": 2, "(g o)": 8, "(g + o)": 6, "7": 7, "(g + 7)": 11, "(g 7)": 28}


def test_the_target_of_a_reshape() -> None:
    model, _ = shrunk(HEADS, {"a[1].2": [1, 3]})
    assert node(model, "Reshape").inputs[1].values.tolist() == [2, 3, 2]


SPLIT = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[2,3] b, float[4,3] c>
{ h = MatMul(x, a) p, q = Split <axis = 1SIZES> (hOPERAND) i = MatMul(p, b) j = MatMul(q, c) y = Add(i, j) }"""


def test_the_list_of_an_attribute() -> None:
    text = SPLIT.replace("SIZES", ", split = [2, 4]").replace("OPERAND", "")
    model, _ = shrunk(text, {"a[1].2": [0, 2, 3]}, opset=12)
    assert node(model, "Split").attrs["split"] == [2, 1]


def test_the_operand_that_took_its_place() -> None:
    text = (
        SPLIT.replace("SIZES", "")
        .replace("OPERAND", ", s")
        .replace("float[4,3] c", "float[4,3] c, int64[2] s = {2, 4}")
    )
    model, _ = shrunk(text, {"a[1]": [1], "a[1].2": [0]})
    assert node(model, "Split").inputs[1].values.tolist() == [1, 3]


def test_a_group_of_a_convolution() -> None:
    text = """g (float[1,3,5,5] x) => (float[] y) <float[6,3,1,1] a, float[6,1,3,3] b, float[2,6,1,1] c>
    { h = Conv(x, a) z = Conv <group = 6> (h, b) y = Conv(z, c) }"""
    model, _ = shrunk(text, {"a[0]": [0, 5]})
    assert node(model, "Conv", 1).attrs["group"] == 4


SLICE = """g (float[2,4] x) => (float[] y) <float[4,8] a, float[5,3] b,
int64[1] from = {FROM}, int64[1] to = {TO}, int64[1] axis = {1}>
{ h = MatMul(x, a) s = Slice(h, from, to, axis) y = MatMul(s, b) }"""


@pytest.mark.parametrize(("first", "end"), [("2", "7"), ("-6", "-1"), ("2", "-1"), ("-6", "7")])
def test_the_bounds_of_a_slice_however_they_are_counted(first: str, end: str) -> None:
    text = SLICE.replace("FROM", first).replace("TO", end)
    gone = {"a[1]": [1], "a[1].2": [0, 4]}
    model, _ = shrunk(text, gone)
    cut = node(model, "Slice")
    width = 8 - 3
    window = np.arange(width)[int(cut.inputs[1].values[0]) : int(cut.inputs[2].values[0])]
    assert window.tolist() == [1, 2, 3]
    assert proof(text, gone, pruned(text, gone)).ok


@pytest.mark.parametrize(
    ("index", "gone", "left"),
    [
        ("0, 1, 2, 5, 4, 3", {"a[1]": [1]}, [0, 1, 4, 3, 2]),
        ("-3, -2, -1, 0, 1, 2", {"a[1]": [0]}, [2, 3, 4, 0, 1]),
    ],
)
def test_indices_are_counted_among_those_that_stay(index: str, gone: dict[str, list[int]], left: list[int]) -> None:
    text = f"""g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b, int64[6] i = {{{index}}}>
    {{ h = MatMul(x, a) s = Gather <axis = 1> (h, i) y = MatMul(s, b) }}"""
    model, _ = shrunk(text, gone)
    assert node(model, "Gather").inputs[1].values.tolist() == left
    assert proof(text, gone, pruned(text, gone)).ok


TWO = """g (float[2,4] x) => (float[] y, float[] z)
<float[4,12] a, float[4,12] b, float[4,5] c, float[4,5] d, int64[3] t = {2, 3, 4}>
{ h = MatMul(x, a) i = MatMul(x, b) r = Reshape(h, t) s = Reshape(i, t) y = MatMul(r, c) z = MatMul(s, d) }"""


def test_a_constant_that_two_nodes_read_changes_for_one() -> None:
    model = raw(TWO, {"a[1].2": [0]})
    assert node(model, "Reshape", 0).inputs[1].values.tolist() == [2, 3, 3]
    assert node(model, "Reshape", 1).inputs[1].values.tolist() == [2, 3, 4]


def test_a_constant_that_two_nodes_read_changes_for_both_in_two_ways() -> None:
    model = raw(TWO, {"a[1].2": [0], "b[1].2": [0, 1]})
    made = [node(model, "Reshape", k).inputs[1] for k in (0, 1)]
    assert [t.values.tolist() for t in made] == [[2, 3, 3], [2, 3, 2]]
    assert made[0].name != made[1].name


JOINED = """g (float[n,4] x) => (float[n,3,5] y, float[n,3,5] z)
<float[4,12] a, float[4,12] b, float[4,5] c, float[4,5] d,
int64[1] three = {3}, int64[1] four = {4}, int64[1] zero = {0}>
{ w = Shape(x) n = Gather(w, zero) t = Concat <axis = 0> (n, three, four)
  h = MatMul(x, a) i = MatMul(x, b) r = Reshape(h, t) s = Reshape(i, t) y = MatMul(r, c) z = MatMul(s, d) }"""


def entries(made: gs.Tensor) -> list[Any]:
    return [t.values.tolist() if isinstance(t, gs.Constant) else t.name for t in made.inputs[0].inputs]


def test_a_target_put_together_for_two_nodes_is_copied_for_one() -> None:
    model = raw(JOINED, {"a[1].2": [0, 1]})
    first, second = (node(model, "Reshape", k).inputs[1] for k in (0, 1))
    assert entries(first) == ["n", [3], [2]]
    assert entries(second) == ["n", [3], [4]]
    order = [n.outputs[0].name for n in model.graph.nodes]
    assert order.index(first.name) < order.index("r")


def test_a_target_put_together_for_one_node_is_changed_in_place() -> None:
    model = raw(JOINED, {"a[1].2": [0, 1], "b[1].2": [1]})
    assert [entries(node(model, "Reshape", k).inputs[1])[2] for k in (0, 1)] == [[2], [3]]
    assert sum(n.op == "Concat" for n in model.graph.nodes) == 2


def test_a_default_that_hangs_on_a_length_is_written_out() -> None:
    text = """g (float[1,2,3,4] q, float[1,2,3,4] k) => (float[] y) <float[4,8] a, float[4,8] b, float[8,5] c>
    { i = MatMul(q, a) j = MatMul(k, b) z = Attention(i, j, j) y = MatMul(z, c) }"""
    model, analysis = shrunk(text, {"a[1]": [0, 1, 2]}, opset=23)
    assert analysis["a"][1].tolist() == [3, 4, 5, 6, 7]
    assert node(model, "Attention").attrs["scale"] == pytest.approx(8**-0.5)


def test_the_number_of_groups() -> None:
    text = """g (float[2,4] x) => (float[2,3] y) <float[4,6] a, float[6] scale, float[6] c, float[6,3] b>
    { h = MatMul(x, a) z = GroupNormalization <num_groups = 3> (h, scale, c) y = MatMul(z, b) }"""
    model, _ = shrunk(text, {"a[1]": [1]})
    assert node(model, "GroupNormalization").attrs["num_groups"] == 2
