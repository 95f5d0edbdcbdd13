"""Whole models: zeros in the pattern asked for, what is lost brought back, and every sparse model proved."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import finish, from_proto, normalize, to_proto
from onnxprune.repair import Edits, Work
from onnxprune.rewrite import keep_of, prove, shrink
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from onnxprune.sparse import Pattern, Wanted, shared, sparsify, sparsity_of
from onnxprune.sparse.line import matrix
from tests.oracle import build

NETS = {
    "conv": """(float[4,3,8,8] x) => (float[] y) <float[12,3,3,3] a, float[12] u, float[16,12,3,3] b, float[4,16,1,1] c>
{ h = Conv <pads=[1,1,1,1]> (x, a, u)  r = Relu(h)  m = Conv <strides=[2,2]> (r, b)  t = Relu(m)  y = Conv(t, c) }""",
    "matmul": """(float[4,16,8] x) => (float[] y) <float[8,16] a, float[16,12] b, float[12] v, float[12,6] c>
{ h = MatMul(x, a)  r = Relu(h)  m = MatMul(r, b)  z = Add(v, m)  t = Relu(z)  y = MatMul(t, c) }""",
    "gemm": """(float[64,8] x) => (float[] y) <float[16,8] a, float[16] u, float[16,12] b, float[12,6] c>
{ h = Gemm <transB=1> (x, a, u)  r = Relu(h)  m = Gemm <alpha=0.5> (r, b)  t = Relu(m)  y = Gemm(t, c) }""",
    "from the left": """(float[4,8,16] x) => (float[] y) <float[16,8] a, float[12,16] b, float[6,12] c>
{ h = MatMul(a, x)  r = Relu(h)  m = MatMul(b, r)  t = Relu(m)  y = MatMul(c, t) }""",
    "tied": """(float[64,8] x) => (float[] y) <float[8,8] a, float[8,12] b, float[12,6] c>
{ h = MatMul(x, a)  k = MatMul(h, a)  r = Relu(k)  m = MatMul(r, b)  t = Relu(m)  y = MatMul(t, c) }""",
}
HALF = Wanted(Pattern.parse("4x1"), 0.5, "alps")


class Net:
    """A net of ONNX text; cut: whether the first third of the units of its groups is gone."""

    def __init__(self, text: str, cut: bool = False) -> None:
        self.proto = build(f"agraph {text}")
        model = self.source()
        groups = analyze(model.graph, model.opsets).prunable
        self.masks = {g.id: np.arange(g.size) >= g.size // 3 for g in groups} if cut else {}
        shape = model.graph.inputs[0].shape
        self.data = [{"x": np.random.default_rng(i).standard_normal(shape, np.float32)} for i in range(24)]
        self.work = Work(self.source, self.masks, self.data[:16], threads=1)

    def source(self):  # type: ignore[no-untyped-def]
        return normalize(from_proto(self.copy()))

    def copy(self):  # type: ignore[no-untyped-def]
        made = type(self.proto)()
        made.CopyFrom(self.proto)
        return made

    def wanted(self, want: Wanted = HALF) -> dict[str, Wanted]:
        """Of all layers but the first."""
        return dict.fromkeys(list(self.work.dense.layers)[1:], want)

    def made(self, edits: Edits) -> bytes:
        model = self.source()
        analysis = edits.apply(model)
        shrink(model, analysis, keep_of(analysis, self.masks))
        return bytes(to_proto(finish(model)).SerializeToString())

    def zeros(self, edits: Edits) -> dict[str, np.ndarray]:
        """Layer -> its matrix in the model that is written."""
        narrow = self.work.narrow()
        found = {}
        for name, layer in narrow.layers.items():
            if (stored := layer.stored.name) in edits.weights:
                axes = narrow.changed.get(stored, {})
                values = edits.weights[stored]
                index = [axes.get(axis, np.arange(size)) for axis, size in enumerate(values.shape)]
                layer.stored.values = values[np.ix_(*index)]
                found[name] = matrix(layer.weight())
        return found

    def error(self, edits: Edits) -> float:
        """Of outputs on data that nothing was solved on, relative to the dense ones."""
        dense, now = session(self.proto.SerializeToString()), session(self.made(edits))
        pairs = [(run(dense, feeds)["y"], run(now, feeds)["y"]) for feeds in self.data[16:]]
        return float(np.sqrt(sum(np.sum((a - b) ** 2) for a, b in pairs) / sum(np.sum(a**2) for a, _ in pairs)))


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("net", NETS)
def test_in_the_pattern_and_proved(net: str, cut: bool) -> None:
    """Also after units are gone: blocks are those of what is left."""
    made = Net(NETS[net], cut)
    for mend in (True, False):
        edits = sparsify(made.work, made.wanted(), mend=mend)
        weights = {
            n: w for n, w in made.zeros(edits).items() if n in made.wanted() and not made.work.dense.layers[n].shares
        }
        assert weights
        for weight in weights.values():
            blocks = HALF.pattern.summed((weight != 0).astype(float))
            assert np.mean(blocks == 0) == pytest.approx(0.5, abs=0.5 / blocks.size + 1e-9)
        masks = made.masks
        proof = prove(lambda made=made: from_proto(made.copy()), masks, made.made(edits), edit=edits.apply)
        assert proof.status == "proved", proof.reason


@pytest.mark.parametrize("net", ["conv", "matmul", "gemm", "from the left"])
def test_what_is_mended_is_closer_than_what_is_not(net: str) -> None:
    made = Net(NETS[net])
    small = made.wanted(Wanted(HALF.pattern, 0.5, "magnitude"))
    plain, seen = (made.error(sparsify(made.work, want, mend=False)) for want in (small, made.wanted()))
    mended = made.error(sparsify(made.work, made.wanted()))
    assert plain > seen > mended


def test_a_weight_that_others_read_too_stays_as_it_is() -> None:
    made = Net(NETS["tied"])
    edits = sparsify(made.work, dict.fromkeys(made.work.dense.layers, HALF))
    assert set(edits.weights) == {"b", "c"}


def test_nothing_is_run_for_weights_alone() -> None:
    made = Net(NETS["gemm"])
    work = Work(made.source, {}, ())
    edits = sparsify(work, made.wanted(Wanted(Pattern.parse("unstructured"), 0.5, "magnitude")), mend=False)
    assert set(edits.weights) == {"b", "c"} and not edits.biases
    dense = {t.name: t for t in made.source().graph.tensors().values()}
    for name, weight in edits.weights.items():
        before = np.abs(dense[name].values)
        assert sparsity_of(weight) == 0.5
        assert before[weight != 0].min() > before[weight == 0].max()
        np.testing.assert_array_equal(weight[weight != 0], dense[name].values[weight != 0])


def test_zeros_go_where_they_do_least_harm() -> None:
    """Of two layers of a size one reads a single cause of everything: it can do with few of its weights."""
    made = Net(
        """(float[64,16] x) => (float[] y)
<float[16,1] p, float[1,16] q, float[16,16] b, float[16,16] a, float[16,16] c>
{ s = MatMul(x, p)  h = MatMul(s, q)  m = MatMul(h, b)  k = MatMul(x, a)  n = MatMul(k, c)
  y = Concat<axis=1>(m, n) }"""
    )
    even = {name: Wanted(Pattern.parse("unstructured"), 0.5, "alps") for name in ("m", "n")}
    found = shared(made.work, even)
    assert found["m"].sparsity + found["n"].sparsity == pytest.approx(1, abs=0.05)
    assert found["m"].sparsity > found["n"].sparsity
    better, before = (made.error(sparsify(made.work, want)) for want in (found, even))
    assert better < before
    fixed = {name: Wanted(Pattern.parse("2:4"), 0.5, "alps") for name in even}
    assert shared(made.work, fixed) == fixed
