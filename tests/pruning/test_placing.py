"""A layer becomes sparse where it wins: by times that are made up, and once by real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import Linear
from onnxprune.pruning import Options, Result, optimize, parse
from onnxprune.report import schema, summarize
from onnxprune.report.markdown import markdown
from onnxprune.runtime import plugin
from onnxprune.sparse import Pattern, Speed
from tests.oracle import build
from tests.pruning.smooth import smooth
from tests.pruning.test_sparsify import NET

PASS = "sparsify{pattern=16x1,sparsity=0.6,least=1000,ends=true}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Linear]]:
    """A machine where zeros in products pay, in 4x1 less than in others, and in convolutions almost not."""
    seen: list[tuple[str, Linear]] = []

    def timed(linear: Linear, patterns: list[Pattern], door: str, threads: int) -> Speed:
        seen.append((door, linear))
        cost = 1.5 if linear.op == "Conv" else 1.0
        parts = {str(p): [(s, (2 if p.outputs == 4 else 1) * cost * (1 - s)) for s in (0.5, 0.9)] for p in patterns}
        return Speed(linear.rows, 1e-4, parts)

    monkeypatch.setattr("onnxprune.sparse.speeds.time_linear", timed)
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "")
    monkeypatch.setattr("onnxprune.sparse.speeds.conditions", lambda *_: "here")
    return seen


def _run(source: Path, *passes: str, **options: Any) -> Result:
    return optimize(source, source.parent / "out.onnx", Options(passes=passes or (PASS,), bench=False, **options))


def test_layers_without_a_kernel_stay_dense(source: Path, asked: list[tuple[str, Linear]]) -> None:
    result = _run(source, sparse_format="op", data={"n": 2})
    assert [entry["initializer"] for entry in result.plan.sparse] == ["d"]
    predicted = result.plan.sparse[0]["predicted"]
    assert predicted == {"rows": 2, "gain": 2.5, "dense_us": 100.0, "sparse_us": 40.0}
    reasons = {entry["initializer"]: entry["reason"] for entry in result.plan.dense}
    assert all("--provider sparse" in reasons[name] for name in "abc")
    assert asked == [("op", Linear("MatMul", (2, 64), 32, bias=False))]
    assert result.proof.status == "proved" and not result.warnings
    assert [n.op_type for n in onnx.load(result.output).graph.node].count("SparseMatMul") == 1


def test_int8_is_timed_as_such(source: Path, asked: list[tuple[str, Linear]]) -> None:
    result = _run(source, PASS.replace("}", ",values=int8}"), sparse_format="op", data={"n": 2})
    assert [door for door, _ in asked] == ["int8"] and result.plan.sparse[0]["values"] == "int8"


def test_those_that_gain_too_little_stay_dense(source: Path, asked: list[tuple[str, Linear]]) -> None:
    result = _run(source, PASS.replace("}", ",where=faster,min_gain=2}"))
    assert [entry["initializer"] for entry in result.plan.sparse] == ["d"]
    left = {entry["initializer"]: entry for entry in result.plan.dense}
    assert left["c"]["reason"] == "1.67 times as fast, where 2 is asked for" and left["c"]["predicted"]["gain"] == 1.667
    assert {door for door, _ in asked} == {"provider"}  # zeros in a file are for the provider
    assert _run(source, PASS.replace("}", ",where=all}")).plan.dense == [] == _run(source).plan.dense


def test_of_patterns_the_finest_that_is_fast_enough(source: Path, asked: list[tuple[str, Linear]]) -> None:
    text = "sparsify{pattern=auto,sparsity=0.6,least=1000,ends=true}"
    fine = _run(source, text, sparse_format="op").plan.sparse
    assert [(entry["initializer"], entry["pattern"]) for entry in fine] == [("d", "4x1")]
    coarse = _run(source, text.replace("}", ",min_gain=1.5}"), sparse_format="op").plan.sparse
    assert [entry["pattern"] for entry in coarse] == ["8x1"] and asked


def test_none_wins(source: Path, asked: list[tuple[str, Linear]]) -> None:
    result = _run(source, PASS.replace("}", ",min_gain=9}"), sparse_format="op")
    assert (
        not result.plan.sparse
        and len(result.warnings) == 1
        and "no layer would be so much faster" in result.warnings[0]
    )
    assert len(result.plan.dense) == 4 and result.proof.status == "proved" and asked


def test_kernels_are_asked_for_what_is_left(source: Path, tmp_path: Path, asked: list[tuple[str, Linear]]) -> None:
    """Where units go first; and zeros are shared out so that every layer still gains."""
    data = smooth(tmp_path, 12)
    passes = "channels{ratio=0.5}", PASS.replace("}", ",where=faster,min_gain=1.2}")
    result = _run(source, *passes, calibration=data)
    kept = {entry["initializer"]: entry for entry in result.plan.sparse}
    assert ("provider", Linear("Conv", (1, 16, 12, 12), 32, bias=False)) in asked
    assert all(entry["predicted"]["gain"] >= 1.2 - 1e-6 for entry in kept.values()) and len(kept) > 1
    assert result.proof.status == "proved"


WINDOWS = {
    'Conv<auto_pad="SAME_UPPER">': "no kernel takes this Conv",
    "Conv<pads=[1, 1, 1, 1], strides=[2, 1], dilations=[1, 2]>": (1, 8, 5, 7),
    "Conv<pads=[0, 1, 2, 3]>": (1, 8, 9, 11),
}


@pytest.mark.parametrize(("conv", "wanted"), WINDOWS.items(), ids=list(WINDOWS))
def test_convolutions_are_timed_by_what_they_make(
    tmp_path: Path, asked: list[tuple[str, Linear]], conv: str, wanted: object
) -> None:
    text = f"agraph (float[1,8,9,9] x) => (float[1,64,h,w] y) <float[64,8,3,3] c> {{ y = {conv}(x, c) }}"
    onnx.save(build(text), tmp_path / "model.onnx")
    result = _run(tmp_path / "model.onnx", PASS.replace("}", ",where=faster}"))
    left = [entry["reason"] for entry in result.plan.dense]
    if isinstance(wanted, str):
        assert not result.plan.sparse and not asked and left == [wanted]
    else:
        assert asked == [("provider", Linear("Conv", wanted, 64, bias=False, kernel=(3, 3)))] and not left


def test_without_the_plug_in_it_is_guessed(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "there is no compiler")
    result = _run(source, sparse_format="op")
    assert [entry["initializer"] for entry in result.plan.sparse] == ["d"]
    assert result.warnings == ["what layers gain is guessed from constants and not timed: there is no compiler"]
    assert result.plan.sparse[0]["predicted"]["dense_us"] == 0


def test_the_report_says_why(source: Path, asked: list[tuple[str, Linear]]) -> None:
    report = summarize(_run(source, PASS.replace("}", ",where=faster,min_gain=2}")))
    jsonschema.validate(json.loads(report.to_json()), schema())
    assert (report.sparse_layers[0].initializer, report.sparse_layers[0].why_dense) == ("d", "")
    text = markdown(report)
    assert "left dense: 3 weights, for at best they would be 1.67 times as fast" in text
    assert "| `d` | 16x1 | 60.0 % | 1 | 100.0 | 40.0 | 2.50 | sparse |" in text and asked


def test_on_this_machine(source: Path, tmp_path: Path) -> None:
    """Whatever is faster here: what became sparse was predicted to gain, and the file computes what its zeros say."""
    if not plugin.available():
        pytest.skip("the plug-in isn't installed")
    result = _run(source, PASS.replace("sparsity=0.6", "sparsity=0.9"), sparse_format="op", data={"n": 64})
    assert result.proof.status == "proved"
    layers = {entry["initializer"]: entry["predicted"] for entry in (*result.plan.sparse, *result.plan.dense)}
    assert set(layers) == {"a", "b", "c", "d"}
    assert all(entry["predicted"]["gain"] >= 1.1 for entry in result.plan.sparse)
    assert layers["d"]["rows"] == 64 and layers["d"]["dense_us"] > 0 and np.isfinite(layers["d"]["gain"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sparsify{where=here}", "where is one of faster, all"),
        ("sparsify{min_gain=0}", "min_gain must be a number above 0"),
        ("sparsify{pattern=auto,where=all}", "pattern=auto looks for what is faster"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse(text)
