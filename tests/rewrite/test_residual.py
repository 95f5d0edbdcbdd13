"""Residual sums in front of a layer normalisation."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from onnxprune.graph import Model, from_proto, to_proto
from onnxprune.pruning import Options, Target, optimize
from onnxprune.rewrite import spell_residuals
from tests.oracle import build

POST = """g (float[2,3,8] x) => (float[2,3,8] y) <float[8,12] a, float[12,8] b, float[8] g, float[8] h>
{ u = MatMul(x, a) v = Relu(u) w = MatMul(v, b) s = Add(w, x) y = LayerNormalization(s, g, h) }"""
CHAIN = """g (float[2,3,8] x) => (float[2,3,8] y) <float[8,8] a, float two = {2}>
{ w = MatMul(x, a) s = Add(w, x) m = ReduceMean<axes = [-1]>(s) d = Sub(s, m) q = Pow(d, two)
  v = ReduceMean<axes = [-1]>(q) r = Sqrt(v) y = Div(d, r) }"""
PRE = """g (float[2,3,8] x) => (float[2,3,8] y) <float[8,8] a, float[8] g, float[8] h>
{ w = MatMul(x, a) s = Add(w, x) n = LayerNormalization(s, g, h) y = Add(n, s) }"""
BIAS = """g (float[2,3,8] x) => (float[2,3,8] y) <float[8] a, float[8] g, float[8] h>
{ s = Add(x, a) y = LayerNormalization(s, g, h) }"""
RETURNED = """g (float[2,3,8] x) => (float[2,3,8] y, float[2,3,8] s) <float[8,8] a, float[8] g, float[8] h>
{ w = MatMul(x, a) s = Add(w, x) y = LayerNormalization(s, g, h) }"""


@pytest.mark.parametrize(
    ("source", "opset", "count"),
    [(POST, 21, 1), (CHAIN, 17, 1), (CHAIN, 7, 0), (PRE, 21, 0), (BIAS, 21, 0), (RETURNED, 21, 0)],
)
def test_sums_that_only_a_normalisation_reads(source: str, opset: int, count: int) -> None:
    model = from_proto(build(source, opset))
    assert spell_residuals(model) == count
    assert [n.op for n in model.graph.nodes].count("Sum") == count


@pytest.mark.parametrize("source", [POST, CHAIN])
def test_outputs_are_equal_bit_by_bit(source: str) -> None:
    opset = 21 if source is POST else 17
    model = from_proto(build(source, opset))
    x = np.random.default_rng(0).standard_normal((2, 3, 8)).astype(np.float32)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    before, after = (
        ort.InferenceSession(to_proto(m).SerializeToString(), options, providers=["CPUExecutionProvider"]).run(
            None, {"x": x}
        )[0]
        for m in (model, _spelled(source, opset))
    )
    assert before.tobytes() == after.tobytes()


def _spelled(source: str, opset: int) -> Model:
    model = from_proto(build(source, opset))
    spell_residuals(model)
    return model


def test_a_plan_spells_sums_as_it_did(tmp_path: Path) -> None:
    """Whatever provider it is done again with."""
    onnx.save(build(POST, 21), tmp_path / "model.onnx")
    first = optimize(tmp_path / "model.onnx", tmp_path / "one.onnx", Options(target=Target("params", 0.8), bench=False))
    body = json.loads(first.plan.to_json())
    for provider, op in (("cpu", "Sum"), ("sparse", "Add")):
        body["settings"]["provider"] = provider
        (tmp_path / "plan.json").write_text(json.dumps(body))
        again = optimize(
            tmp_path / "model.onnx", tmp_path / "two.onnx", Options(plan=tmp_path / "plan.json", bench=False)
        )
        kinds = [node.op_type for node in onnx.load(again.output).graph.node]
        assert op in kinds and again.plan.settings["provider"] == provider
        assert (again.output.read_bytes() == first.output.read_bytes()) == (op == "Sum")


@pytest.mark.parametrize(("provider", "op"), [("cpu", "Sum"), ("cuda", "Add")])
def test_only_for_the_cpu(tmp_path: Path, provider: str, op: str) -> None:
    onnx.save(build(POST, 21), tmp_path / "dense.onnx")
    options = Options(target=Target("macs", 0.5), align=1, provider=provider, bench=False)
    optimize(tmp_path / "dense.onnx", tmp_path / "pruned.onnx", options)
    assert onnx.load(tmp_path / "pruned.onnx").graph.node[3].op_type == op


def test_a_model_that_loses_nothing_is_left_alone(tmp_path: Path) -> None:
    onnx.save(build(POST, 21), tmp_path / "dense.onnx")
    optimize(tmp_path / "dense.onnx", tmp_path / "same.onnx", Options(target=Target("macs", 1.0), bench=False))
    assert onnx.load(tmp_path / "same.onnx").graph.node[3].op_type == "Add"
