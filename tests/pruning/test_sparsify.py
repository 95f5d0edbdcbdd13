"""The main job with zeros: what is taken, told, done again, and trained."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Result, Target, optimize, parse
from onnxprune.pruning.sparsifying import write_sparse
from onnxprune.recovery import Effort, Training
from onnxprune.report import command
from onnxprune.rewrite import prove
from onnxprune.runtime.verify import Proof
from onnxprune.sparse import Pattern
from tests.oracle import build
from tests.pruning.smooth import smooth

NET = """agraph (float[n,3,12,12] x) => (float[n,10] y)
<float[48,3,3,3] a, float[48] u, float[48,48,3,3] b, float[64,48,1,1] c, float[64,32] d, float[10,32] fc>
{
  h = Conv<pads=[1,1,1,1]>(x, a, u)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b)
  s = Add(r, k)
  t = Relu(s)
  v = Conv(t, c)
  w = Relu(v)
  g = GlobalAveragePool(w)
  f = Flatten(g)
  m = MatMul(f, d)
  q = Relu(m)
  y = Gemm<transB=1>(q, fc)
}"""
PASS = "sparsify{pattern=8x1,sparsity=0.6,least=1000}"
EVERYWHERE = PASS.replace("}", ",where=all}")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def data(tmp_path: Path) -> str:
    return smooth(tmp_path, 12)


def _run(source: Path, *passes: str, name: str = "out.onnx", **options: Any) -> Result:
    return optimize(source, source.parent / name, Options(passes=passes or (PASS,), bench=False, **options))


def _matrices(path: Path) -> dict[str, np.ndarray]:
    """[outputs, inputs]."""
    found = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    return {n: (v.T if n == "d" else v.reshape(len(v), -1)) for n, v in found.items() if n in "abcd" or n == "fc"}


def _is_sparse(weight: np.ndarray, pattern: str, sparsity: float, slack: float = 0.02) -> bool:
    blocks = Pattern.parse(pattern).summed((weight != 0).astype(float))
    return abs(float(np.mean(blocks == 0)) - sparsity) <= slack


def test_without_data_the_smallest_go(source: Path) -> None:
    result = _run(source, PASS.replace("}", ",order=false}"))
    made, dense = _matrices(result.output), _matrices(source)
    assert result.proof.status == "proved" and result.met and not result.warnings
    assert all(_is_sparse(made[name], "8x1", 0.6) for name in "bcd")
    assert all((made[name] == dense[name]).all() for name in ("a", "fc"))  # the first and the last
    assert [(e["initializer"], e["method"]) for e in result.plan.sparse] == [(n, "magnitude") for n in "bcd"]
    for name in "bcd":
        np.testing.assert_array_equal(made[name][made[name] != 0], dense[name][made[name] != 0])


def test_with_data_layers_are_solved_for(source: Path, data: str) -> None:
    result = _run(source, calibration=data)
    made = _matrices(result.output)
    assert result.proof.status == "proved"
    shares = [e["sparsity"] for e in result.plan.sparse]
    assert all(_is_sparse(made[e["initializer"]], "8x1", e["sparsity"]) for e in result.plan.sparse)
    assert len(set(shares)) > 1
    assert sum(e["zeros"] for e in result.plan.sparse) >= 0.59 * sum(e["size"] for e in result.plan.sparse)
    even = _run(source, PASS.replace("}", ",share=even}"), calibration=data)
    assert {e["sparsity"] for e in even.plan.sparse} == {0.6}


def test_like_outputs_share_blocks(source: Path) -> None:
    """Units change places, with all that is coupled to them; the first layer's outputs, say, are the same, moved."""
    passes = {order: PASS.replace("}", f",order={order}}}") for order in ("true", "false")}
    moved, stayed = (_run(source, text, name=f"{order}.onnx") for order, text in passes.items())
    assert moved.proof.status == "proved" and moved.plan.orders and not stayed.plan.orders
    made, dense = _matrices(moved.output), _matrices(source)
    order = moved.plan.initializers["a"]["0"]
    assert sorted(order) == list(range(48)) and order != list(range(48))
    np.testing.assert_array_equal(made["a"], dense["a"][order])
    assert moved.after == moved.before
    kinds = [[node.op_type for node in onnx.load(path).graph.node] for path in (moved.output, source)]
    assert kinds[0] == kinds[1]
    left = [sum((_matrices(r.output)[name] ** 2).sum() for name in "bcd") for r in (moved, stayed)]
    assert left[0] > 1.02 * left[1]


def test_units_stay_where_moving_them_can_t_be_proved(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums in another order can differ by more than the oracle allows."""

    def strict(load: Any, masks: dict[str, np.ndarray], *args: Any, **how: Any) -> Proof:
        moved = any(mask.dtype.kind == "i" for mask in masks.values())
        return Proof("failed", reason="too far") if moved else prove(load, masks, *args, **how)

    monkeypatch.setattr(import_module("onnxprune.pruning.optimize"), "prove", strict)
    result = _run(source)
    assert result.proof.status == "proved" and not result.plan.orders
    assert [text.split(":")[0] for text in result.warnings] == ["units stay in their places"]


def test_first_narrow_then_sparse(source: Path, data: str) -> None:
    result = _run(source, "channels", PASS, calibration=data, target=Target("macs", 0.6))
    assert result.proof.status == "proved" and result.fraction <= 0.6
    made = _matrices(result.output)
    assert made["b"].shape[0] < 48 and result.plan.groups
    assert all(_is_sparse(made[e["initializer"]], "8x1", e["sparsity"]) for e in result.plan.sparse)


def test_done_again(source: Path, data: str, tmp_path: Path) -> None:
    first = _run(source, "channels", PASS, calibration=data, target=Target("macs", 0.7))
    plan = tmp_path / "plan.json"
    plan.write_text(first.plan.to_json())
    again = optimize(source, tmp_path / "again.onnx", Options(plan=plan, calibration=data, bench=False))
    assert again.output.read_bytes() == first.output.read_bytes() and not again.warnings
    body = json.loads(plan.read_text())
    body["sparse"][0]["digest"] = "0" * 64
    plan.write_text(json.dumps(body))
    other = optimize(source, tmp_path / "other.onnx", Options(plan=plan, calibration=data, bench=False))
    assert other.warnings == ["zeros are not where the plan had them in b"]
    body["sparse"][0].pop("pattern")
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="lacks its pattern"):
        optimize(source, tmp_path / "third.onnx", Options(plan=plan, bench=False))
    body["sparse"][0] |= {"pattern": "4x1", "initializer": "z"}
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="sparse weight 'z' is not in this model"):
        optimize(source, tmp_path / "third.onnx", Options(plan=plan, bench=False))


@pytest.mark.parametrize("options", [{"repair": "none"}, {"calibration": None}, {"sparse_format": "op"}])
def test_a_plan_knows_what_it_was_made_with(source: Path, data: str, tmp_path: Path, options: dict[str, Any]) -> None:
    """Without a repair, without data, packed: doing it again with data takes no flag."""
    first = _run(source, EVERYWHERE, **{"calibration": data, **options})
    plan = tmp_path / "plan.json"
    plan.write_text(first.plan.to_json())
    again = optimize(source, tmp_path / "again.onnx", Options(plan=plan, calibration=data, bench=False))
    assert again.output.read_bytes() == first.output.read_bytes() and again.warnings == first.warnings
    assert again.plan.settings == first.plan.settings
    assert f"--repair {first.plan.settings['repair']} " in command(again)


def test_trained_in_rounds_and_packed(source: Path, data: str) -> None:
    """Zeros stay through training; in rounds, units keep their order, for plans are put together."""
    setting = Training(Effort(steps=20))
    how: dict[str, Any] = {"calibration": data, "target": Target("macs", 0.7), "recover": setting, "recover_rounds": 2}
    result = _run(source, "channels", EVERYWHERE, sparse_format="op", **how)
    assert result.proof.status == "proved" and not result.plan.orders
    made = _matrices(result.output)
    there = [entry for entry in result.plan.sparse if entry["initializer"] in made]
    assert {entry["initializer"] for entry in there} == {"b", "c"}
    assert all(_is_sparse(made[e["initializer"]], "8x1", e["sparsity"]) for e in there)
    assert "SparseMatMul" in [node.op_type for node in onnx.load(result.output).graph.node]


def test_protected_layers_stay(source: Path) -> None:
    """As they are, also in the order of their outputs and inputs."""
    result = _run(source, protect=["a"])
    assert (_matrices(result.output)["a"] == _matrices(source)["a"]).all() and result.plan.orders
    assert [e["initializer"] for e in _run(source, protect=["c"]).plan.sparse] == ["b", "d"]
    assert [e["initializer"] for e in _run(source, only=["c", "a"]).plan.sparse] == ["c"]
    assert [e["initializer"] for e in _run(source, PASS.replace("}", ",ends=true}"), only=["a"]).plan.sparse] == ["a"]


def test_two_patterns(source: Path) -> None:
    """The first pass to take a layer has it."""
    plan = _run(source, "sparsify{pattern=2:4,least=20000}", PASS).plan
    assert [(e["initializer"], e["pattern"]) for e in plan.sparse] == [("b", "2:4"), ("c", "8x1"), ("d", "8x1")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"passes": ["sparsify{pattern=8}"]}, "no pattern '8'"),
        ({"passes": ["sparsify{sparsity=1}"]}, "sparsity must lie between 0 and 1"),
        ({"passes": ["sparsify{pattern=2:4,sparsity=0.8}"]}, "2:4 has 50% zeros"),
        ({"passes": ["sparsify{method=x}"]}, "no method of making weights sparse 'x'"),
        ({"passes": ["sparsify{share=x}"]}, "share is one of even, errors"),
        ({"passes": ["sparsify{least=1000000}"]}, "no weight of its own that is large enough"),
        ({"passes": [PASS], "target": Target("macs", 0.5)}, "take no units"),
        ({"passes": [PASS], "repair": "lstsq"}, "one by one"),
        ({"passes": [PASS], "sparse_format": "coo"}, "there are zeros, op, initializer"),
        ({"passes": ["channels"], "sparse_format": "op"}, "no weight is made sparse"),
        ({"passes": ["sparsify{values=int4}"]}, "values are float32 or int8, not 'int4'"),
        ({"passes": ["sparsify{values=int8}"]}, "sparsify: values=int8 needs --sparse-format op, not zeros"),
        ({"passes": ["sparsify{pattern=2:4,values=int8}"]}, "values=int8 needs a pattern of blocks, not 2:4"),
    ],
)
def test_what_makes_no_sense_is_told(source: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        optimize(source, source.parent / "out.onnx", Options(bench=False, **options))
    assert not (source.parent / "out.onnx").exists()


def test_other_passes_know_nothing_of_its_options() -> None:
    assert parse("sparsify{pattern=64x1,sparsity=0.9,ends=true,least=1}", align=4).__dict__["pattern"] == "64x1"
    with pytest.raises(InputError, match="has no option 'ratio'"):
        parse("sparsify{ratio=0.5}")


def test_packed_in_the_file(source: Path) -> None:
    zeros = _run(source)
    packed = _run(source, EVERYWHERE, name="packed.onnx", sparse_format="op")
    nodes = [node.op_type for node in onnx.load(packed.output).graph.node]
    assert nodes.count("SparseMatMul") == 1 and "MatMul" not in nodes  # convolutions have no packed form
    assert packed.warnings == ["written as zeros, for the form 'op' doesn't suit them: b, c"]
    assert packed.proof.status == "proved" and packed.plan.sparse == zeros.plan.sparse
    with pytest.raises(InputError, match="no weight is made sparse"):
        write_sparse(zeros.output, replace(zeros.plan, sparse=[]), "op")


def test_packed_as_int8(source: Path) -> None:
    """The plan says so, and in which form; plans of old don't say the form, or mean float32."""
    one = "sparsify{pattern=8x4,sparsity=0.6,least=1000,where=all,values=int8}"
    packed = _run(source, one, name="packed.onnx", sparse_format="op")
    model = onnx.load(packed.output)
    node = next(node for node in model.graph.node if node.op_type == "SparseMatMul")
    arrays = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert arrays[node.input[1]].dtype == np.int8 and arrays[node.input[4]].shape == (32,)
    assert {entry["values"] for entry in packed.plan.sparse} == {"int8"}
    plan = source.parent / "plan.json"
    plan.write_text(packed.plan.to_json())
    again = optimize(source, source.parent / "second.onnx", Options(plan=plan, bench=False))
    assert again.output.read_bytes() == packed.output.read_bytes() and again.options.sparse_format == "op"
    with pytest.raises(InputError, match="values=int8 needs --sparse-format op, not zeros"):
        optimize(source, source.parent / "second.onnx", Options(plan=plan, bench=False, sparse_format="zeros"))
    body = json.loads(plan.read_text())
    del body["settings"]
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="values=int8 needs --sparse-format op"):
        optimize(source, source.parent / "second.onnx", Options(plan=plan, bench=False))
    for entry in body["sparse"]:
        del entry["values"]
    plan.write_text(json.dumps(body))
    optimize(source, source.parent / "third.onnx", Options(plan=plan, bench=False))
