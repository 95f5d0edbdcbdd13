"""Weights between block-diagonal matrices, from the command to the file: proved, counted, told, done again."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import Linear, load, normalize
from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.pruning.variant import write_variant
from onnxprune.recovery import Effort, Training
from onnxprune.report import schema, summarize
from onnxprune.report.markdown import markdown
from onnxprune.report.model import opened
from onnxprune.rewrite import prove
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from onnxprune.sparse import Pattern, Speed, Wanted, descent, sparsity_of
from onnxprune.sparse.task import Task
from tests.oracle import build
from tests.pruning.smooth import smooth
from tests.pruning.test_sparsify import NET

ARMOR = "sparsify{pattern=2:4,method=armor,least=1000}"
WEIGHTS = ["b", "c", "d"]
TWO = Pattern.parse("2:4")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def data(tmp_path: Path) -> str:
    return smooth(tmp_path, 12)


def _run(source: Path, *passes: str, name: str = "out.onnx", **options: Any) -> Result:
    return optimize(source, source.parent / name, Options(passes=passes or (ARMOR,), bench=False, **options))


def _stored(path: Path) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def _whole(blocks: np.ndarray) -> np.ndarray:
    """The matrix of a grouped convolution's blocks, [outputs, inputs]."""
    size = blocks.shape[1]
    made = np.zeros((len(blocks), len(blocks)))
    for k, block in enumerate(blocks.reshape(-1, size, size)):
        made[k * size : (k + 1) * size, k * size : (k + 1) * size] = block
    return made


def _dense(path: Path) -> onnx.ModelProto:
    """The source with the products of the factors that a file has, and the file's other tensors, by numpy alone."""
    made, proto = _stored(path), build(NET)
    for tensor in proto.graph.initializer:
        values = made[tensor.name]
        matrix = values.T if tensor.name == "d" else values.reshape(len(values), -1)
        taps = values[0, 0].size if values.ndim == 4 else 1
        inner = np.kron(_whole(made[f"{tensor.name}/inner"]), np.eye(taps)) if f"{tensor.name}/inner" in made else None
        matrix = matrix if inner is None else matrix @ inner
        matrix = _whole(made[f"{tensor.name}/outer"]) @ matrix if f"{tensor.name}/outer" in made else matrix
        whole = (matrix.T if tensor.name == "d" else matrix.reshape(values.shape)).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(whole, tensor.name))
    return proto


def test_the_file_computes_the_product_of_the_factors(source: Path, data: str) -> None:
    """In ONNX Runtime; zeros are the core's, in its pattern. Without repair there are no new biases to compare."""
    result = _run(source, calibration=data, repair="none")
    assert result.proof.status == "proved"
    made = _stored(result.output)
    assert {name for name in made if "/" in name} == {"b/outer", "c/inner", "c/outer", "d/inner", "d/outer"} | {
        name for name in made if name.endswith("/axes")
    }
    for name in WEIGHTS:
        core = made[name].T if name == "d" else made[name].reshape(len(made[name]), -1)
        assert (TWO.mask((core != 0).astype(float), 0.5) >= (core != 0)).all() and sparsity_of(core) == 0.5
    feeds = {"x": np.load(data)["x"][:4]}
    wanted = run(session(_dense(result.output).SerializeToString()), feeds)["y"]
    found = run(session(result.output), feeds)["y"]
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_the_oracle_can_say_no(source: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that isn't what the edits say fails the proof, and nothing is written."""
    result = _run(source, calibration=data)
    held = onnx.load(result.output)
    block = next(t for t in held.graph.initializer if t.name == "c/outer")
    values = numpy_helper.to_array(block).copy()
    values[0, 0] *= 1.1
    block.CopyFrom(numpy_helper.from_array(values, block.name))
    onnx.save(held, source.parent / "bent.onnx")
    edits: list[Any] = []
    real = prove

    def watched(*args: Any, **how: Any) -> Any:
        edits.append(how["edit"])
        return real(*args, **how)

    monkeypatch.setattr(import_module("onnxprune.pruning.optimize"), "prove", watched)
    again = _run(source, calibration=data, name="again.onnx")
    masks = {name: np.array(order) for name, order in again.plan.orders.items()}
    assert prove(lambda: load(source), masks, again.output, edit=edits[0]).status == "proved"
    assert prove(lambda: load(source), masks, source.parent / "bent.onnx", edit=edits[0]).status == "failed"


def test_no_layer_is_worse_than_what_it_began_with(source: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float]] = []
    real = descent.descend

    def watched(task: Task, start: np.ndarray, outer: int, inner: int) -> descent.Factors:
        found = real(task, start, outer, inner)
        seen.append((task.loss(found.rounded().weight), task.loss(start)))
        return found

    monkeypatch.setattr("onnxprune.sparse.line.descend", watched)
    _run(source, calibration=data)
    assert len(seen) == 3 and all(made < start for made, start in seen)


def test_what_gains_nothing_is_not_written(source: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is what alps makes, by the same bytes, and a sentence says so."""
    monkeypatch.setattr("onnxprune.sparse.line.descend", lambda _, start, *__: descent.Factors(start))
    result = _run(source, calibration=data)
    plain = _run(source, ARMOR.replace("armor", "alps"), name="alps.onnx", calibration=data)
    assert result.output.read_bytes() == plain.output.read_bytes()
    assert [text.split(":")[0] for text in result.warnings] == ["no matrices around b, c, d (3 of 3 weights)"]
    assert all(entry["wrap"] == {"size": 8} for entry in result.plan.sparse)


def test_blocks_that_divide_nothing(source: Path, data: str) -> None:
    result = _run(source, ARMOR.replace("}", ",wrap=7}"), calibration=data)
    assert result.proof.status == "proved" and "no multiples of the blocks' size" in result.warnings[0]
    assert not any("/outer" in name or "/inner" in name for name in _stored(result.output))


def test_it_is_counted_and_told(source: Path, data: str) -> None:
    result = _run(source, calibration=data)
    file = opened(result.output)
    assert (result.after["macs"], result.after["params"]) == (file.macs.whole, file.params.whole)
    assert result.after["macs"] > result.before["macs"]
    around = [entry["wrap"] for entry in result.plan.sparse]
    assert around[0] == {"size": 8, "outer": "b/outer", "inner": "", "params": 48 * 8, "macs": 144.0 * 48 * 8}
    report = summarize(result)
    jsonschema.validate(json.loads(report.to_json()), schema())
    assert (report.sparse[0].wrapped, report.sparse[0].added) == (3, sum(entry["params"] for entry in around))
    assert "3 of them between block-diagonal matrices of 2.05 k elements more" in markdown(report)


@pytest.mark.parametrize("how", [{"passes": ["channels{ratio=0.3}"]}, {"passes": []}])
def test_done_again(source: Path, data: str, tmp_path: Path, how: dict[str, Any]) -> None:
    first = _run(source, *how["passes"], ARMOR, calibration=data)
    plan = tmp_path / "plan.json"
    plan.write_text(first.plan.to_json())
    again = optimize(source, tmp_path / "again.onnx", Options(plan=plan, calibration=data, bench=False))
    assert again.output.read_bytes() == first.output.read_bytes() and again.warnings == first.warnings
    assert again.plan.sparse == first.plan.sparse
    packed = optimize(
        source, tmp_path / "op.onnx", Options(plan=plan, calibration=data, bench=False, sparse_format="op")
    )
    assert [n.op_type for n in onnx.load(packed.output).graph.node].count("SparseMatMul") == 3
    body = json.loads(plan.read_text())
    body["sparse"][0]["wrap"] = {"size": -8}
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="the blocks around a sparse weight of the plan have no size"):
        optimize(source, tmp_path / "third.onnx", Options(plan=plan, calibration=data, bench=False))


@pytest.mark.parametrize(("quantity", "fraction"), [("macs", 0.6), ("params", 0.7)])
def test_units_make_up_for_the_blocks(source: Path, data: str, quantity: str, fraction: float) -> None:
    """A target is met with the matrices counted (and no biases beside, which a repair may add)."""
    target = Target(quantity, fraction)
    result = _run(source, "channels{align=8}", ARMOR, calibration=data, target=target, repair="none")
    file, dense = opened(result.output), opened(source)
    left = {"macs": file.macs.whole / dense.macs.whole, "params": file.params.whole / dense.params.whole}[quantity]
    assert result.proof.status == "proved" and result.met and result.target == target
    assert result.fraction == pytest.approx(left) and left <= fraction
    assert any("outer" in entry["wrap"] for entry in result.plan.sparse)


def test_a_search_goes_as_far_as_it_can(source: Path, data: str) -> None:
    """Also to targets that the matrices alone are more than."""
    result = _run(source, "channels{align=8}", ARMOR, calibration=data, max_loss=0.99, repair="none")
    assert result.search is not None and result.proof.status == "proved"
    assert result.fraction == pytest.approx(opened(result.output).macs.whole / opened(source).macs.whole)
    assert min(trial.target for trial in result.search.trials) < 0.06


def test_units_by_default(source: Path, data: str) -> None:
    result = _run(source, "channels{align=8}", ARMOR, calibration=data)
    assert result.target == Target("macs", 0.5) and result.met and result.fraction <= 0.5
    assert result.fraction == pytest.approx(opened(result.output).macs.whole / opened(source).macs.whole)


def test_packed(source: Path, data: str) -> None:
    """Products as SparseMatMul nodes, each wrapper one of blocks of 8; int8 is the core's alone."""
    for text, values in ((ARMOR, np.float32), (ARMOR.replace("2:4", "8x4").replace("}", ",values=int8}"), np.int8)):
        result = _run(source, text.replace("}", ",where=all}"), calibration=data, sparse_format="op")
        nodes = [n for n in onnx.load(result.output).graph.node if n.op_type == "SparseMatMul"]
        made = _stored(result.output)
        kinds = [(made[n.input[1]].dtype, made[n.input[1]].shape[1:]) for n in nodes]
        assert result.proof.status == "proved" and kinds[0] == (np.float32, (8, 8))
        assert [kind for kind, _ in kinds].count(values) == (3 if values is np.float32 else 1)
        compared = run(session(result.output), {"x": np.load(data)["x"][:2]})["y"]
        assert np.isfinite(compared).all()


def test_trained_afterwards(source: Path, data: str) -> None:
    """Zeros of the core stay, blocks stay blocks. Of weights that don't blow up what they read."""
    proto = build(NET)
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        read = len(values) if tensor.name == "d" else max(values[0].size, 1)
        tensor.CopyFrom(numpy_helper.from_array((values / values.std() / np.sqrt(read)).astype("f4"), tensor.name))
    onnx.save(proto, source)
    passes, how = ("channels{ratio=0.5,align=8}", ARMOR), {"calibration": data, "repair": "none"}
    result = _run(source, *passes, **how, recover=Training(Effort(steps=20)))
    plain = _run(source, *passes, **how, name="plain.onnx")
    made, before = _stored(result.output), _stored(plain.output)
    assert result.recovery is not None and result.recovery.gained
    for name in (*WEIGHTS, "c/outer", "d/inner"):
        assert made[name].shape == before[name].shape and (made[name] != before[name]).any()
        assert ((made[name] == 0) == (before[name] == 0)).all()


def test_other_layers_stay_as_they_are(tmp_path: Path) -> None:
    """Shared weights and groups stay dense; a product from the left gets zeros, and no matrices."""
    text = """agraph (float[2,16,8] x) => (float[2,16,8] y, float[2,16,8] z)
    <float[16,16] s, float[16,4,1] g, float[16,16] l, float[16,16,1] c, float[8,8] e>
    { a = MatMul(s, x) b = MatMul(s, a) h = Conv<group=4>(b, g) k = MatMul(l, h) m = Conv(k, c) y = Relu(m)
      z = MatMul(y, e) }"""
    onnx.save(build(text), tmp_path / "model.onnx")
    result = _run(tmp_path / "model.onnx", ARMOR.replace("1000", "10").replace("}", ",ends=true,wrap=4}"))
    assert [entry["initializer"] for entry in result.plan.sparse] == ["l", "c", "e"]
    assert [set(entry["wrap"]) > {"size"} for entry in result.plan.sparse] == [False, True, True]
    assert result.proof.status == "proved"


def test_it_is_timed_with_its_blocks(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays dense where it is slower by them."""
    seen: list[Linear] = []

    def timed(linear: Linear, patterns: list[Pattern], door: str, threads: int) -> Speed:
        seen.append(linear)
        part = 0.5 + 0.05 * (linear.outer + linear.inner)
        return Speed(linear.rows, 1e-4, {str(p): [(0.5, part)] for p in patterns})

    monkeypatch.setattr("onnxprune.sparse.speeds.time_linear", timed)
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "")
    monkeypatch.setattr("onnxprune.sparse.speeds.conditions", lambda *_: "here")
    text = ARMOR.replace("}", ",ends=true,where=faster}")
    result = _run(source, text)
    assert [(one.outer, one.inner) for one in seen] == [(8, 0), (8, 0), (8, 8), (8, 8)]
    assert [entry["initializer"] for entry in result.plan.sparse] == ["a", "b"]
    assert {entry["reason"] for entry in result.plan.dense} == {"0.77 times as fast, where 1.1 is asked for"}
    assert "wrapped 8+8" in seen[2].named and seen[2].named != replace(seen[2], outer=0, inner=0).named


def test_variants_that_are_timed_have_them_too(source: Path, tmp_path: Path) -> None:
    """With blocks that change nothing: what they compute is that of the zeros alone."""
    want = {"w": Wanted(TWO, 0.5, "armor", wrap=8), "m": Wanted(TWO, 0.5, "armor", wrap=8)}
    names = {"w": "v", "m": "m"}
    zeros = {names[key]: one for key, one in want.items()}
    for form, ops in (("zeros", ["Conv", "Transpose"]), ("op", ["SparseMatMul"])):
        paths = [tmp_path / f"{form}-{wrap}.onnx" for wrap in (8, 0)]
        for path, wrap in zip(paths, (8, 0), strict=True):
            wanted = {name: replace(one, wrap=wrap) for name, one in zeros.items()}
            write_variant(lambda: normalize(load(source)), {}, "cpu", path, wanted, form)
        counts = [[n.op_type for n in onnx.load(path).graph.node] for path in paths]
        assert all(counts[0].count(op) > counts[1].count(op) for op in ops)
        made = [run(session(path), {"x": np.ones((2, 3, 12, 12), np.float32)})["y"] for path in paths]
        np.testing.assert_allclose(made[0], made[1], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"passes": ["sparsify{pattern=2:4,wrap=8}"]}, "wrap=8 is an option of method=armor"),
        ({"passes": ["sparsify{method=armor,wrap=1}"]}, "wrap must lie between 2 and 128, not 1"),
        ({"passes": ["sparsify{method=armor,wrap=256}"]}, "wrap must lie between 2 and 128, not 256"),
        (
            {"passes": ["channels", ARMOR], "target": Target("macs", 0.01)},
            r"--target macs=0.01: the matrices around sparse layers \(method=armor\) would take 0.05",
        ),
        (
            {"passes": ["channels", ARMOR], "target": Target("macs", 0.5), "recover": Training(), "recover_rounds": 2},
            "--recover-rounds and method=armor can't go together",
        ),
    ],
)
def test_what_makes_no_sense_is_told(source: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        optimize(source, source.parent / "out.onnx", Options(bench=False, **options))
    assert not (source.parent / "out.onnx").exists()
