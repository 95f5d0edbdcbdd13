"""Gates of 0 and 1 make of the gated model what masks make of the dense one, for every form of every op."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from onnxprune.graph import finish, from_proto, normalize, to_proto
from onnxprune.rewrite import GatedModel, gated, keep_of, mask_consumers
from onnxprune.runtime.run import run
from onnxprune.runtime.runnable import runnable_inputs
from onnxprune.runtime.verdict import distance
from tests.coupling.cases import Case, cases
from tests.oracle import Text, analysed, build, random_masks

RUNNABLE = [case for case in cases() if not {"reference", "unrunnable"} & set(case.but) and case.op != "Multinomial"]
CASES = [case for number, case in enumerate(RUNNABLE) if case.inexact or number % 20 == 0]
"""Ops that average over units, and some of the others: all would take too long."""


def opened(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def gates_of(text: Text, opset: int = 21) -> tuple[GatedModel, ort.InferenceSession]:
    """All groups that can go, gated."""
    groups = [g.id for g in analysed(text, opset)[1].prunable]
    made = gated(lambda: normalize(from_proto(build(text, opset))), groups)
    return made, opened(to_proto(finish(made.model)).SerializeToString())


def masked(text: Text, masks: dict[str, np.ndarray], opset: int = 21) -> ort.InferenceSession:
    model, analysis = analysed(text, opset)
    mask_consumers(analysis, keep_of(analysis, masks))
    return opened(to_proto(finish(model)).SerializeToString())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gates_of_0_and_1_are_masks(case: Case) -> None:
    _, analysis = analysed(case.text, case.opset)
    made, session = gates_of(case.text, case.opset)
    feeds = runnable_inputs(opened(build(case.text, case.opset).SerializeToString()))
    groups = [g for g in analysis.prunable if g.id in made.atoms]
    assert made.sizes == {g.id: g.size for g in groups}
    for masks in ({}, random_masks(groups), random_masks(groups[:1], 1)):
        expected = run(masked(case.text, masks, case.opset), feeds)
        got = run(session, {**feeds, **made.feeds(masks)})
        assert expected.keys() == got.keys()
        assert max(distance(expected[name], got[name]) for name in expected) < 2e-5, masks


UNGATED = """g (float[1,3,n] x) => (float[1,1] y) <float[6,3,1] a, float[6,6,1] b, int64[1] axes = {1}>
{ h = Conv(x, a) r = Relu(h) i = Conv(r, b) f = Flatten(i) y = ReduceSum(f, axes) }"""


def test_a_group_without_a_masked_form_has_no_gate() -> None:
    """The second group is summed over together with an axis of open length. A gate for it is not minded."""
    groups = [g.id for g in analysed(UNGATED)[1].prunable]
    made, session = gates_of(UNGATED)
    assert (groups, list(made.atoms)) == (["a[0]", "b[0]"], ["a[0]"])
    feeds = {"x": np.ones((1, 3, 4), np.float32)}
    some = {"b[0]": np.zeros(6)}
    np.testing.assert_array_equal(*(run(session, {**feeds, **made.feeds(g)})["y"] for g in ({}, some)))


CHAIN = """g (float[2,4] x) => (float[2,3] y, float[2,5] z) <float[4,6] a, float[6,3] b, float[6,5] c>
{ h = MatMul(x, a) r = Relu(h) y = MatMul(r, b) z = MatMul(r, c) }"""


def test_a_gate_between_0_and_1_multiplies_and_consumers_share_it() -> None:
    made, session = gates_of(CHAIN)
    stored = {t.name: t.values for node in made.model.graph.nodes for t in node.inputs if hasattr(t, "values")}
    x, gate = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32), np.linspace(0, 1, 6)
    got = run(session, {"x": x, **made.feeds({"a[1]": gate})})
    hidden = np.maximum(x @ stored["a"], 0) * gate
    np.testing.assert_allclose(got["y"], hidden @ stored["b"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got["z"], hidden @ stored["c"], rtol=1e-5, atol=1e-6)
    assert [node.op for node in made.model.graph.nodes].count("Mul") == 1


NORMED = """g (float[2,4] x) => (float[2,3] y) <float[4,6] a, float[6] s, float[6,3] b>
{ h = MatMul(x, a) n = RMSNormalization <epsilon = 0.0> (h, s) y = MatMul(n, b) }"""


def test_in_a_mean_a_unit_has_the_weight_of_its_gate() -> None:
    """The root mean square of what is there: values times gate, squared, each entry counting as its gate does."""
    made, session = gates_of(NORMED, 23)
    stored = {t.name: t.values for node in made.model.graph.nodes for t in node.inputs if hasattr(t, "values")}
    x, gate = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32), np.array([1, 0.5, 0, 1, 0.25, 1])
    got = run(session, {"x": x, **made.feeds({"a[1]": gate})})["y"]
    hidden = x @ stored["a"]
    square = (hidden**2 * gate).sum(1, keepdims=True) / gate.sum()
    np.testing.assert_allclose(got, (hidden / np.sqrt(square) * stored["s"] * gate) @ stored["b"], rtol=1e-4)
