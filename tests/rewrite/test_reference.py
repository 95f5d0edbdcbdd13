"""Kept-only forms, held against the network rebuilt in numpy at the smaller width, and against the pruned file."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs
import pytest

from onnxprune.coupling import Spec
from onnxprune.coupling.rule import _RULES, Rule
from onnxprune.rewrite import mask_consumers
from onnxprune.rewrite.nodes import Unmaskable
from onnxprune.rewrite.reference import forms
from tests.rewrite.small import analysed, apart, draw, keep_of, masked, masks_of, proof, pruned, run, stored

Array = np.ndarray
EPSILON = 1e-5


def standard(h: Array, axes: int | tuple[int, ...], epsilon: float = EPSILON) -> Array:
    centred = h - h.mean(axes, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axes, keepdims=True) + epsilon))


def root(h: Array, epsilon: float = EPSILON) -> Array:
    return np.asarray(h / np.sqrt((h**2).mean(-1, keepdims=True) + epsilon))


def soft(h: Array) -> Array:
    peak = h.max(-1, keepdims=True)
    return np.asarray(peak + np.log(np.exp(h - peak).sum(-1, keepdims=True)))


@dataclass(frozen=True)
class Case:
    """A node `h -> z` over the last axis of h, of 8 units, and what numpy makes of it.

    weights: of one number for every unit, as operands; width: of z, 8 or 1; opset: of the standard domain
    """

    op: str
    numpy: Callable[..., Array]
    attributes: str = ""
    weights: tuple[str, ...] = ()
    width: int = 8
    opset: int = 21
    axes: str = ""

    @property
    def text(self) -> str:
        given = "".join(f", {w}" for w in self.weights) + (", axes" if self.axes else "")
        declared = "".join(f", float[8] {w}" for w in self.weights) + (
            f", int64[1] axes = {{{self.axes}}}" if self.axes else ""
        )
        node = f"z = {self.op}{self.attributes} (h{given})"
        return f"""g (float[32,4] x) => (float[32,5] y) <float[4,8] a, float[{self.width},5] b{declared}>
        {{ h = MatMul(x, a) {node} y = MatMul(z, b) }}"""


CASES = [
    Case("LayerNormalization", lambda h, s, c: standard(h, -1) * s + c, " <axis = -1>", ("scale", "bias")),
    Case("LayerNormalization", lambda h, s: standard(h, -1) * s, " <axis = 1>", ("scale",), opset=17),
    Case("RMSNormalization", lambda h, s: root(h) * s, "", ("scale",), opset=23),
    Case("LpNormalization", lambda h: h / np.abs(h).sum(-1, keepdims=True), " <p = 1>"),
    Case("LpNormalization", lambda h: h / np.sqrt((h**2).sum(-1, keepdims=True))),
    Case("MeanVarianceNormalization", lambda h: standard(h, -1, 0.0), " <axes = [1]>"),
    Case("ReduceMax", lambda h: h.max(-1, keepdims=True), width=1, axes="1"),
    Case("ReduceMin", lambda h: h.min(-1, keepdims=True), width=1, axes="1"),
    Case("ReduceProd", lambda h: h.prod(-1, keepdims=True), width=1, axes="1"),
    Case("ReduceLogSumExp", soft, width=1, axes="1"),
    Case("ReduceMax", lambda h: h.max(-1, keepdims=True), " <axes = [1]>", width=1, opset=8),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}{c.attributes}-{c.opset}")
@pytest.mark.parametrize("gone", [[0], [1, 2, 5, 7], [0, 1, 2, 4, 5, 6]], ids=["one", "half", "all but two"])
def test_the_masked_graph_is_the_network_of_the_smaller_width(case: Case, gone: list[int]) -> None:
    text = f'<ir_version: 8, opset_import: ["": {case.opset}]>\n{case.text}'
    kept, weights, x = [k for k in range(8) if k not in gone], stored(text), draw(32, 4)
    z = case.numpy(x @ weights["a"][:, kept], *(weights[w][kept] for w in case.weights))
    expected = z @ (weights["b"] if case.width == 1 else weights["b"][kept])
    assert apart(expected, run(masked(text, {"a[1]": gone}), x=x)[0]) < 1e-5
    assert apart(expected, run(pruned(text, {"a[1]": gone}), x=x)[0]) < 1e-5


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}{c.attributes}-{c.opset}")
def test_the_oracle_tells_the_right_units_from_others(case: Case) -> None:
    text = f'<ir_version: 8, opset_import: ["": {case.opset}]>\n{case.text}'
    file = pruned(text, {"a[1]": [1, 2, 5]})
    right = proof(text, {"a[1]": [1, 2, 5]}, file)
    assert right.ok, right
    assert proof(text, {"a[1]": [1, 2, 6]}, file).status == "failed"


GROUPED = """<ir_version: 10, opset_import: ["": 21]>
g (float[2,3,4,4] x) => (float[2,5,4,4] y) <float[12,3,1,1] a, float[12] scale, float[12] c, float[5,12,1,1] b>
{ h = Conv(x, a) z = GroupNormalization <num_groups = 3> (h, scale, c) y = Conv(z, b) }"""


def group_norm(h: Array, groups: int) -> Array:
    n, channels, *space = h.shape
    return standard(h.reshape(n, groups, channels // groups, *space), (2, 3, 4)).reshape(h.shape)


def column(values: Array) -> Array:
    return values.reshape(-1, 1, 1)


def test_group_normalisation_over_fewer_channels_and_fewer_groups() -> None:
    names = {g.size: g.id for g in analysed(GROUPED)[1].prunable}
    gone = {names[4]: [1], names[3]: [0]}
    kept = [4, 6, 7, 8, 10, 11]
    weights, x = stored(GROUPED), draw(2, 3, 4, 4)
    h = np.einsum("nihw,oi->nohw", x, weights["a"][kept, :, 0, 0])
    z = group_norm(h, 2) * column(weights["scale"][kept]) + column(weights["c"][kept])
    expected = np.einsum("nihw,oi->nohw", z, weights["b"][:, kept, 0, 0])
    assert apart(expected, run(masked(GROUPED, gone), x=x)[0]) < 1e-5
    assert proof(GROUPED, gone, pruned(GROUPED, gone)).ok
    assert proof(GROUPED, {**gone, names[4]: [2]}, pruned(GROUPED, gone)).status == "failed"


INSTANCE = """<ir_version: 10, opset_import: ["": 21]>
g (float[2,3,4] x) => (float[2,3,5] y) <float[4,8] a, float[3] scale, float[3] c, float[8,5] b>
{ h = MatMul(x, a) z = InstanceNormalization(h, scale, c) y = MatMul(z, b) }"""


def test_instance_normalisation_over_fewer_positions() -> None:
    gone, kept = {"a[1]": [0, 3]}, [1, 2, 4, 5, 6, 7]
    weights, x = stored(INSTANCE), draw(2, 3, 4)
    z = standard(x @ weights["a"][:, kept], -1) * weights["scale"][:, None] + weights["c"][:, None]
    assert apart(z @ weights["b"][kept], run(masked(INSTANCE, gone), x=x)[0]) < 1e-5
    assert proof(INSTANCE, gone, pruned(INSTANCE, gone)).ok


MOMENTS = """<ir_version: 10, opset_import: ["": 17]>
g (float[2,3,4] x) => (float[2,3,5] y, float[2,3,1] mean, float[2,3,1] inverse)
<float[4,8] a, float[8] scale, float[8] c, float[8,5] b>
{ h = MatMul(x, a) z, mean, inverse = LayerNormalization(h, scale, c) y = MatMul(z, b) }"""


def test_the_moments_that_a_layer_normalisation_gives_away() -> None:
    kept, weights, x = [0, 1, 4, 6], stored(MOMENTS), draw(2, 3, 4)
    h = x @ weights["a"][:, kept]
    _, mean, inverse = run(masked(MOMENTS, {"a[1]": [2, 3, 5, 7]}), x=x)
    assert apart(h.mean(-1, keepdims=True), mean) < 1e-5
    assert apart(1 / np.sqrt(h.var(-1, keepdims=True) + EPSILON), inverse) < 1e-5


def test_half_precision_is_normalised_in_single() -> None:
    text = """<ir_version: 10, opset_import: ["": 17]>
    g (float[2,4] x) => (float[2,5] y) <float[4,8] a, float16[8] scale, float16[8] c, float[8,5] b>
    { k = MatMul(x, a) h = Cast <to = 10> (k) z = LayerNormalization(h, scale, c)
      i = Cast <to = 1> (z) y = MatMul(i, b) }"""
    gone = {"a[1]": [2, 3]}
    found = proof(text, gone, pruned(text, gone))
    assert found.ok, found
    assert proof(text, {"a[1]": [2, 4]}, pruned(text, gone)).status == "failed"


DYNAMIC = """<ir_version: 10, opset_import: ["": 21]>
g (float[3,4] x) => (float[3,5] y) <float[4,8] a, float[8,5] b>
{ h = MatMul(x, a) q, s, p = DynamicQuantizeLinear(h) z = DequantizeLinear(q, s, p) y = MatMul(z, b) }"""


def test_a_dynamic_range_is_that_of_what_stays() -> None:
    widest = int(np.abs(draw(3, 4) @ stored(DYNAMIC)["a"]).max(0).argmax())
    gone = {"a[1]": [widest]}
    found = proof(DYNAMIC, gone, pruned(DYNAMIC, gone))
    assert found.ok, found
    assert proof(DYNAMIC, {"a[1]": [(widest + 1) % 8]}, pruned(DYNAMIC, gone)).status == "failed"


SKIP = """<ir_version: 10, opset_import: ["": 21, "com.microsoft": 1]>
g (float[2,3,4] x, float[2,3,4] w) => (float[2,3,5] y, float[2,3,5] r)
<float[4,8] a, float[8] scale, float[8] c, float[8] d, float[8,5] b, float[2,3,8] z, float[2,3,8] total>
{ h = MatMul(x, a) i = MatMul(w, a)
  z, _mean, _inverse, total = com.microsoft.OP (h, i, OPERANDS) y = MatMul(z, b) r = MatMul(total, b) }"""

SKIPS = {
    "SkipLayerNormalization": ("scale, c, d", "c, c, c", lambda t, s, c: standard(t, -1, 1e-12) * s + c),
    "SkipSimplifiedLayerNormalization": ("scale, d", "c, c", lambda t, s, c: root(t, 1e-12) * s),
}


@pytest.mark.parametrize("op", SKIPS)
def test_the_normalisation_of_a_sum(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is stated here: this is about the form of the op over kept units only."""
    operands, letters, norm = SKIPS[op]
    run_of = "b s c"
    spec = Spec(f"{run_of}, {run_of}, {letters} -> {run_of}, b s 1, b s 1, {run_of}", inexact={"c": "normalised over"})
    stated = Rule("com.microsoft", op, 1, 99, lambda _: spec)
    monkeypatch.setitem(_RULES, ("com.microsoft", op), [stated])
    text = SKIP.replace("OP ", f"{op} ").replace("OPERANDS", operands)
    weights, kept = stored(text), [1, 2, 3, 6]
    x, w = draw(2, 3, 4), draw(2, 3, 4, seed=2)
    total = (x + w) @ weights["a"][:, kept] + weights["d"][kept]
    z = norm(total, weights["scale"][kept], weights["c"][kept])
    y, r = run(masked(text, {"a[1]": [0, 4, 5, 7]}), x=x, w=w)
    assert apart(z @ weights["b"][kept], y) < 1e-5
    assert apart(total @ weights["b"][kept], r) < 1e-5


COVERED = (
    {case.op for case in CASES if case.op != "LpNormalization"}  # which needs none, since zeros don't change it
    | set(SKIPS)
    | {
        "GroupNormalization",
        "ReduceMean",
        "InstanceNormalization",
        "ReduceLogSum",
        "SimplifiedLayerNormalization",
        "EmbedLayerNormalization",
    }
)


MEANS = """<ir_version: 8, opset_import: ["": {opset}]>
g (float[32,4] x) => (float[32,1] m, float[32,5] y)
<float[4,8] a, float[4,6] c, float[8] scale, float[8,5] b, int64[1] axes = {{1}}>
{{ h = MatMul(x, a) n = LayerNormalization(h, scale) y = MatMul(n, b)
  g = MatMul(x, c) j = Concat <axis = 1> (n, g) m = {mean} }}"""


@pytest.mark.parametrize(("opset", "mean"), [(21, "ReduceMean(j, axes)"), (17, "ReduceMean <axes = [-1]> (j)")])
@pytest.mark.parametrize("gone", [{"a[1]": [0, 3, 4]}, {"a[1]": [1, 2, 6], "c[1]": [0, 5]}, {"c[1]": [1]}], ids=str)
def test_a_mean_over_units_that_were_never_there_and_others_that_are_masked(
    opset: int, mean: str, gone: dict[str, list[int]]
) -> None:
    """What is normalised goes from the width that is averaged over; what is not counts as zeros."""
    text = MEANS.format(opset=opset, mean=mean)
    kept = {name: [k for k in range(size) if k not in gone.get(name, [])] for name, size in (("a[1]", 8), ("c[1]", 6))}
    weights, x = stored(text), draw(32, 4)
    n = standard(x @ weights["a"][:, kept["a[1]"]], -1) * weights["scale"][kept["a[1]"]]
    g = x @ weights["c"][:, kept["c[1]"]]
    expected = (n.sum(-1, keepdims=True) + g.sum(-1, keepdims=True)) / (len(kept["a[1]"]) + 6)
    assert apart(expected, run(masked(text, gone), x=x)[0]) < 1e-5
    assert apart(expected, run(pruned(text, gone), x=x)[0]) < 1e-5
    assert proof(text, gone, pruned(text, gone)).ok


def test_there_is_a_case_for_every_form() -> None:
    assert forms() == COVERED


def test_logarithms_of_sums_ignore_zeros() -> None:
    text = """g (float[3,4] x) => (float[3,5] y) <float[4,8] a, float[1,5] b, int64[1] axes = {1}>
    { g = MatMul(x, a) h = Exp(g) z = ReduceLogSum(h, axes) y = MatMul(z, b) }"""
    weights, x, kept = stored(text), draw(3, 4), [0, 2, 3, 7]
    expected = np.log(np.exp(x @ weights["a"][:, kept]).sum(-1, keepdims=True)) @ weights["b"]
    assert apart(expected, run(masked(text, {"a[1]": [1, 4, 5, 6]}), x=x)[0]) < 1e-5


def test_an_op_without_such_a_form_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = Spec("... c -> ... c", inexact={"c": "compared"})
    monkeypatch.setitem(_RULES, ("", "Sign"), [Rule("", "Sign", 1, 99, lambda _: spec)])
    text = (
        "g (float[2,4] x) => (float[] y) <float[4,8] a, float[8,5] b> { h = MatMul(x, a) z = Sign(h) y = MatMul(z, b) }"
    )
    _, analysis = analysed(text)
    with pytest.raises(Unmaskable, match="Sign 'z' has no form over kept units only"):
        mask_consumers(analysis, keep_of(analysis, masks_of(analysis, {"a[1]": [1]})))


def test_means_of_integers_are_refused() -> None:
    text = """g (int32[2,4] x) => (int32[] y) <int32[4,8] a, int32[1,5] b, int64[1] axes = {1}>
    { h = MatMul(x, a) z = ReduceMean(h, axes) y = MatMul(z, b) }"""
    found = proof(text, {"a[1]": [1]}, pruned(text, {"a[1]": [1]}))
    assert found.status == "skipped"
    assert "ReduceMean 'z' averages integers" in found.reason


def test_names_of_outputs_survive() -> None:
    _, analysis = analysed(CASES[0].text)
    mask_consumers(analysis, keep_of(analysis, masks_of(analysis, {"a[1]": [1]})))
    names = {t.name for n in analysis.graph.nodes for t in n.outputs if isinstance(t, gs.Variable)}
    assert {"h", "z", "y"} <= names
