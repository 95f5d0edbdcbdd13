"""What is lost comes back where what stays can say it, and every repaired model is proved."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.coupling import analyze
from onnxprune.graph import Model, finish, from_proto, normalize, to_proto
from onnxprune.repair import Edits, Work, repairs
from onnxprune.repair import get as repair_of
from onnxprune.rewrite import keep_of, prove, shrink
from onnxprune.runtime import session
from onnxprune.runtime.run import Array, run
from tests.oracle import build

NETS = {
    "conv": """(float[4,3,8,8] x) => (float[] y) <float[6,3,3,3] a, float[6] u, float[4,6,3,3] b, float[4] v>
{ h = Conv <pads=[1,1,1,1]> (x, a, u)  r = Relu(h)  y = Conv <pads=[1,1,1,1]> (r, b, v) }""",
    "no bias": """(float[4,3,8,8] x) => (float[] y) <float[6,3,1,1] a, float[4,6,1,1] b>
{ h = Conv(x, a)  r = Relu(h)  y = Conv(r, b) }""",
    "matmul": """(float[4,16,5] x) => (float[] y) <float[5,6] a, float[6,4] b, float[4] v, float[4,3] c>
{ h = MatMul(x, a)  r = Relu(h)  m = MatMul(r, b)  z = Add(v, m)  t = Relu(z)  y = MatMul(t, c) }""",
    "no add": """(float[4,16,5] x) => (float[] y) <float[5,6] a, float[6,4] b, float[4,3] c>
{ h = MatMul(x, a)  r = Relu(h)  m = MatMul(r, b)  t = Relu(m)  y = MatMul(t, c) }""",
    "gemm": """(float[32,5] x) => (float[] y) <float[6,5] a, float[6] u, float[4,6] b>
{ h = Gemm <transB=1> (x, a, u)  r = Relu(h)  y = Gemm <transB=1, alpha=0.5> (r, b) }""",
    "from the left": """(float[4,5,16] x) => (float[] y) <float[6,5] a, float[4,6] b, float[3,4] c>
{ h = MatMul(a, x)  r = Relu(h)  m = MatMul(b, r)  t = Relu(m)  y = MatMul(c, t) }""",
    "grouped": """(float[4,4,8,8] x) => (float[] y) <float[8,2,3,3] a, float[6,4,3,3] b, float[5,6,1,1] c>
{ h = Conv <group=2> (x, a)  r = Relu(h)  m = Conv <group=2> (r, b)  t = Relu(m)  y = Conv(t, c) }""",
    "transposed": """(float[4,3,5,5] x) => (float[] y) <float[6,3,1,1] a, float[6,4,3,3] b, float[3,4,1,1] c>
{ h = Conv(x, a)  r = Relu(h)  m = ConvTranspose <strides=[2,2]> (r, b)  t = Relu(m)  y = Conv(t, c) }""",
    "normalised": """(float[4,3,8,8] x) => (float[] y) <float[6,3,1,1] a, float[4,6,1,1] b, float[3,4,1,1] c,
  float[6] scale1, float[6] s1, float[6] m1, float[6] var1, float[4] scale2, float[4] s2, float[4] m2, float[4] var2>
{ h = Conv(x, a)  k = BatchNormalization(h, scale1, s1, m1, var1)  r = Relu(k)  m = Conv(r, b)
  n = BatchNormalization(m, scale2, s2, m2, var2)  t = Relu(n)  y = Conv(t, c) }""",
    "shared weight": """(float[4,16,5] x) => (float[] y) <float[5,6] a, float[5,6] d, float[6,4] b, float[4,3] c>
{ h = MatMul(x, a)  r = Relu(h)  m = MatMul(r, b)  k = MatMul(x, d)  q = Tanh(k)  n = MatMul(q, b)
  s = Sub(m, n)  t = Relu(s)  y = MatMul(t, c) }""",
    "tied table": """(int64[64] x) => (float[] y) <float[9,6] table, float[6,6] a, float[6,6] c>
{ e = Gather(table, x)  h = Gemm(e, a)  r = Relu(h)  m = Gemm(r, c)  s = Add(m, e)  y = Gemm <transB=1> (s, table) }""",
    "shared bias": """(float[4,16,5] x) => (float[] y)
<float[5,6] a, float[6,4] b, float[6,4] d, float[4] v, float[4,3] c>
{ h = MatMul(x, a)  r = Relu(h)  m = MatMul(r, b)  z = Add(m, v)  n = MatMul(r, d)  w = Add(n, v)
  s = Mul(z, w)  y = MatMul(s, c) }""",
}


class Net:
    """A net of ONNX text, the first third of the units of all of its groups gone."""

    def __init__(self, text: str, **values: Array) -> None:
        self.proto = build(f"agraph {text}")
        for tensor in self.proto.graph.initializer:
            if tensor.name in values:
                tensor.CopyFrom(numpy_helper.from_array(values[tensor.name].astype(np.float32), tensor.name))
        model = self.source()
        groups = analyze(model.graph, model.opsets).prunable
        self.masks = {g.id: np.arange(g.size) >= max(g.size // 3, 1) for g in groups}
        given, random = model.graph.inputs[0], np.random.default_rng(1)
        whole = np.dtype(given.dtype).kind == "i"
        draw = partial(random.integers, 0, 9) if whole else random.standard_normal
        self.data = [{"x": draw(size=given.shape).astype(given.dtype)} for _ in range(24)]

    def file(self) -> Model:
        copy = onnx.ModelProto()
        copy.CopyFrom(self.proto)
        return from_proto(copy)

    def source(self) -> Model:
        return normalize(self.file())

    def repaired(self, name: str, damping: float = 1e-6) -> Edits:
        return repair_of(name).function(Work(self.source, self.masks, self.data[:16], damping=damping, threads=1))

    def pruned(self, edits: Edits) -> bytes:
        model = self.source()
        analysis = edits.apply(model)
        shrink(model, analysis, keep_of(analysis, self.masks))
        proto = to_proto(finish(model))
        onnx.checker.check_model(proto)
        return bytes(proto.SerializeToString())

    def error(self, edits: Edits) -> float:
        """Of the pruned outputs on data that no repair saw, relative to the dense ones."""
        dense, now = session(self.proto.SerializeToString()), session(self.pruned(edits))
        pairs = [(run(dense, feeds)["y"], run(now, feeds)["y"]) for feeds in self.data[16:]]
        return float(np.sqrt(sum(np.sum((a - b) ** 2) for a, b in pairs) / sum(np.sum(a**2) for a, _ in pairs)))


@pytest.mark.parametrize("repair", [entry.name for entry in repairs()])
@pytest.mark.parametrize("net", NETS)
def test_repaired_models_are_proved(net: str, repair: str) -> None:
    made = Net(NETS[net])
    edits = made.repaired(repair)
    proof = prove(made.file, made.masks, made.pruned(edits), edit=edits.apply)
    assert proof.status == "proved", proof.reason


@pytest.mark.parametrize("net", NETS)
def test_a_repair_that_the_reference_lacks_is_refuted(net: str) -> None:
    made = Net(NETS[net])
    assert prove(made.file, made.masks, made.pruned(made.repaired("lstsq"))).status == "failed"


@pytest.mark.parametrize("net", NETS)
def test_each_repair_is_better_than_the_one_before(net: str) -> None:
    made = Net(NETS[net])
    names = ("none", "bias", "scale", "lstsq", "sequential")
    none, bias, scale, lstsq, sequential = (made.error(made.repaired(n)) for n in names)
    assert none > bias > scale > sequential
    assert bias > lstsq and sequential < lstsq * 1.05


def test_a_sum_of_others_is_made_up_for_entirely() -> None:
    rows = np.random.default_rng(0).standard_normal((6, 5))
    rows[0], rows[1] = rows[2] - rows[3], rows[4] + 0.5 * rows[5]
    linear = """(float[32,5] x) => (float[] y) <float[6,5] a, float[6] u, float[4,6] b>
{ h = Gemm <transB=1> (x, a, u)  r = Neg(h)  y = Gemm <transB=1> (r, b) }"""
    made = Net(linear, a=rows)
    assert made.error(Edits()) > 0.1
    for repair in ("lstsq", "sequential"):
        assert made.error(made.repaired(repair, damping=1e-9)) < 1e-3


def test_a_unit_that_never_changes_goes_into_the_bias() -> None:
    random = np.random.default_rng(0)
    rows, shift = random.standard_normal((6, 5)), random.standard_normal(6)
    rows[:2], shift[:2] = 0, (2, 3)
    made = Net(NETS["gemm"], a=rows, u=shift)
    assert made.error(Edits()) > 0.1
    assert made.error(made.repaired("bias")) < 1e-5


def test_biases_go_where_there_is_a_place() -> None:
    """Into a bias that is there, a new operand, the Add behind a product, or an Add of its own."""
    for net, expected in {
        "conv": ["Conv 3", "Relu 1", "Conv 3"],
        "no bias": ["Conv 2", "Relu 1", "Conv 3"],
        "matmul": ["MatMul 2", "Relu 1", "MatMul 2", "Add 2", "Relu 1", "MatMul 2", "Add 2"],
        "no add": ["MatMul 2", "Relu 1", "MatMul 2", "Add 2", "Relu 1", "MatMul 2", "Add 2"],
    }.items():
        made = Net(NETS[net])
        model = made.source()
        made.repaired("bias").apply(model)
        assert [f"{node.op} {len(node.inputs)}" for node in model.graph.nodes] == expected


def test_only_damaged_layers_change() -> None:
    assert set(Net(NETS["matmul"]).repaired("lstsq").weights) == {"b", "c"}


@pytest.mark.parametrize("repair", ["lstsq", "sequential"])
@pytest.mark.parametrize(("net", "shared"), [("shared weight", "b"), ("tied table", "table")])
def test_a_weight_that_others_read_too_stays_as_it_is(net: str, shared: str, repair: str) -> None:
    """What is best for one reader would be wrong for the others; their biases are their own."""
    edits = Net(NETS[net]).repaired(repair)
    assert edits.weights and shared not in edits.weights and "y" in edits.biases


def test_units_are_scaled_in_closed_form() -> None:
    """Of the units r0 = 2 r1 + 1, r1 and r2, independent, the first goes: missing is (2, 2) r1 + (1, 1). What stays
    says (2, 0) r1 and (3, -1) r2: the first can say (2, 0) r1 more, and the second nothing of it."""
    rows = np.array([[2.0, 0], [1, 0], [0, 1]])
    net = """(float[2048,2] x) => (float[] y) <float[3,2] a, float[3] u, float[2,3] b, float[2] v>
{ h = Gemm <transB=1> (x, a, u)  r = Neg(h)  y = Gemm <transB=1> (r, b, v) }"""
    made = Net(net, a=rows, u=np.array([-1.0, 0, 0]), b=np.array([[1.0, 2, 3], [1, 0, -1]]), v=np.zeros(2))
    edits = made.repaired("scale", damping=1e-9)
    np.testing.assert_allclose(edits.weights["b"], [[1, 4, 3], [1, 0, -1]], atol=0.02)
    np.testing.assert_allclose(edits.biases["y"], [1, 1], atol=0.02)


NORMED = """(float[32,2,4,4] x) => (float[] y)
<float[6,2,1,1] a, float[6] u, float[3,6,1,1] b, float[2,3,1,1] c, float[3] scale, float[3] shift, float[3] mean,
  float[3] var>
{ h = Conv(x, a, u)  r = Relu(h)  m = Conv(r, b)  n = BatchNormalization <epsilon = 0.0> (m, scale, shift, mean, var)
  y = Conv(n, c) }"""


def test_batch_normalisations_see_what_the_pruned_model_makes() -> None:
    random = np.random.default_rng(3)
    values = {"a": random.standard_normal((6, 2)), "b": random.random((3, 6))}
    stored = {name: weight[:, :, None, None] for name, weight in values.items()} | {"u": np.array([4, 4, 0, 0, 0, 0])}
    made = Net(NORMED, **stored)
    pixels = np.concatenate([call["x"] for call in made.data[:16]]).transpose(0, 2, 3, 1).reshape(-1, 2)
    units = np.maximum(pixels @ values["a"].T + stored["u"], 0)
    wide, narrow = (units[:, k:] @ values["b"][:, k:].T for k in (0, 2))  # the first two of six are gone
    made = Net(NORMED, mean=wide.mean(0), var=wide.var(0), **stored)
    made.masks = {name: mask for name, mask in made.masks.items() if len(mask) == 6}
    edits = made.repaired("batch_norm")
    assert set(edits.weights) == {"mean", "var"} and not edits.biases
    np.testing.assert_allclose(edits.weights["mean"], narrow.mean(0), rtol=1e-5)
    np.testing.assert_allclose(edits.weights["var"], narrow.var(0), rtol=1e-5)
    assert made.error(edits) < 0.7 * made.error(Edits())
    assert prove(made.file, made.masks, made.pruned(edits), edit=edits.apply).status == "proved"


def test_batch_normalisations_in_the_order_of_the_graph() -> None:
    """Each sees what comes of those before it; the first is in front of all that consumes what is gone, and stays."""
    made = Net(NETS["normalised"])
    edits = made.repaired("batch_norm")
    assert set(edits.weights) == {"m2", "var2"}
    for name in ("m2", "var2"):
        dense = next(numpy_helper.to_array(t) for t in made.proto.graph.initializer if t.name == name)
        gone = next(~mask for mask in made.masks.values() if len(mask) == 4)
        np.testing.assert_array_equal(edits.weights[name][gone], dense[gone])
        assert (edits.weights[name][~gone] != dense[~gone]).all()


@pytest.mark.parametrize("net", ["conv", "matmul"])
def test_without_batch_normalisations_there_is_nothing_to_estimate(net: str) -> None:
    made, told = Net(NETS[net]), []
    edits = repair_of("batch_norm").function(Work(made.source, made.masks, made.data[:4], threads=1, warn=told.append))
    assert not edits and len(told) == 1 and "no batch normalisation" in told[0]
