"""The sparsity tool: what it chooses, how a cell is measured, what the page says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from models.recipe import Feeds, Gate, Recipe, Run
from tests.oracle import build
from tests.sparse.test_gated import SWIGLU
from tests.tools.test_accuracy import NET
from tools.sparsity import __main__ as tool
from tools.sparsity import page
from tools.sparsity.ways import DEFAULT, MORE, WAYS, levels
from tools.trained import runner


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    text = NET.replace("float[64,4] b", "float[64,64] b, float[64,4] c").replace(
        "y = Gemm(r, b)", "k = Gemm(r, b) y = Gemm(k, c)"
    )
    onnx.save(build(text), tmp_path / "net.onnx")
    first = runner(tmp_path / "net.onnx")

    def inputs(n: int, seed: int) -> list[Feeds]:
        return [{"x": np.random.default_rng([seed, i]).standard_normal((32, 8), np.float32)} for i in range(n)]

    def score(run: Run, n: int) -> float:
        calls = inputs(n, 99)
        return float(np.mean([np.argmax(run(c)[0], 1) == np.argmax(first(c)[0], 1) for c in calls]))

    return Recipe("net", lambda: tmp_path / "net.onnx", inputs, score, Gate("net", "agreement", 1.0, 8, 0.1))


def test_a_cell_is_made_sparse_and_scored(recipe: Recipe) -> None:
    magnitude, default = (tool.measured(recipe, ("net", "4x1", 0.7, way, False), 1.0) for way in (WAYS[0], DEFAULT))
    assert magnitude["weights"] == default["weights"] == 1
    assert magnitude["zeros"] == pytest.approx(0.7, abs=0.01) == default["zeros"]
    assert magnitude["score"] < default["kept"] == default["score"] <= 1 and default["seconds"] > 0
    assert "no pattern '3'" in tool.measured(recipe, ("net", "3", 0.7, DEFAULT, False), 1.0)["failed"]


def test_a_run_that_was_stopped_goes_on(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MEASURED", tmp_path)
    chosen = ("net", "4x1", 0.5, DEFAULT, False)
    row = tool.obtained(recipe, chosen)
    assert tool.obtained(recipe, chosen) == row
    page.kept().keep(tool.name_of(chosen), "older", {**row, "score": 2.0})
    assert tool.obtained(recipe, chosen, missing=True)["score"] == 2.0
    assert tool.obtained(recipe, chosen)["score"] == row["score"]


def test_patterns_have_their_sparsities() -> None:
    assert levels("2:4") == (0.5,) and len(levels("16x1")) == 2
    assert DEFAULT.text("2:4", 0.5) == "sparsify{pattern=2:4,sparsity=0.5}"
    assert len({way.name for way in WAYS}) == len(WAYS) and WAYS[-1] is DEFAULT


def test_the_page_has_a_row_for_every_model_and_pattern() -> None:
    rows = {
        f"{model} | {pattern} | 0.5 | {way}": {"kept": kept} | ({"dense": 0.8} if model == "one" else {})
        for model, kept in (("one", 0.5), ("two", 0.9))
        for pattern, way, kept in (("4x1", "wanda", kept), ("4x1", "default", kept + 0.05), ("2:4", "alps", kept))
    }
    text = page.render(rows)
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert [line[:3] for line in lines[2:]] == [
        ["2:4", "one", "0.800"],
        ["2:4", "two", "-"],
        ["2:4", "median", ""],
        ["4x1", "one", "0.800"],
        ["4x1", "two", "-"],
        ["4x1", "median", ""],
    ]
    assert lines[5][4] == "50.0" and lines[5][-1] == "55.0" and lines[7][-1] == "75.0"
    whole = page.render({f"one | 4x1 | 0.5 | {way.name}": {"kept": 0.1 * n} for n, way in enumerate(WAYS)})
    assert whole.count("**") == 2 and "**80.0**" in whole
    assert "## 50% zeros" in text


def test_methods_that_ask_for_more_have_tables_of_their_own() -> None:
    row = {"kept": 0.9, "dense": 0.5, "machine": "Machine: a."}
    rows = {"net | 16x1 | 0.5 | alps": row, "net | 16x1 | 0.7 | obert | asking": {**row, "machine": "Machine: b."}}
    main, more = page.render(rows).split("## Methods that ask for more")
    assert "Machine: a." in main and "90.0" in main and "obert" not in main.split("## 50% zeros")[1]
    assert "Machine: b." in more and "### 70% zeros" in more and "90.0" in more and "0.500" in more


def test_the_best_is_in_bold_where_all_that_applies_was_measured() -> None:
    made = {way.name: 0.5 + 0.01 * n for n, way in enumerate(MORE) if not way.gated}
    rows = {f"net | 2:4 | 0.5 | {name} | asking": {"kept": kept, "dense": 0.5} for name, kept in made.items()}
    assert page.render(rows).count("**") == 2
    del rows["net | 2:4 | 0.5 | obert | asking"]
    assert page.render(rows).count("**") == 0


def test_gates_are_asked_for_where_there_are_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = {"plain": NET, "gated": SWIGLU}
    for name, text in texts.items():
        onnx.save(build(text), tmp_path / f"{name}.onnx")
    gate = Gate("", "", 0.0, 0, 0.0)
    made = {n: Recipe(n, lambda n=n: tmp_path / f"{n}.onnx", lambda *_: [], lambda *_: 0.0, gate) for n in texts}
    monkeypatch.setattr(tool, "at_hand", lambda: list(texts))
    monkeypatch.setattr(tool, "load", made.__getitem__)
    options = tool._parser().parse_args(["--more", "--pattern", "2:4"])
    names = [tool.name_of(cell) for cell in tool.chosen(options)]
    assert "gated | 2:4 | 0.5 | dass | asking" in names and "plain | 2:4 | 0.5 | obert | asking" in names
    assert not any(name.startswith("plain") and "dass" in name for name in names)


def test_an_empty_choice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--only", "no such model"]) == 2
    assert "no model" in capsys.readouterr().err


def test_a_way_may_be_for_some_patterns_alone(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are whole without it."""
    monkeypatch.setattr(tool, "at_hand", lambda: ["net"])
    monkeypatch.setattr(tool, "load", lambda _: recipe)
    names = [tool.name_of(cell) for cell in tool.chosen(tool._parser().parse_args(["--more", "--sparsity", "0.5"]))]
    assert "net | 2:4 | 0.5 | armor | asking" in names and "net | 16x1 | 0.5 | armor | asking" not in names
    made = {way.name: 0.5 + 0.01 * n for n, way in enumerate(MORE) if not way.gated}
    for pattern, lacking, bold in (("2:4", "", 2), ("2:4", "armor", 0), ("16x1", "armor", 2)):
        rows = {f"net | {pattern} | 0.5 | {n} | asking": {"kept": k} for n, k in made.items() if n != lacking}
        assert page.render(rows).count("**") == bold
    assert "armor" not in page.render({"net | 16x1 | 0.7 | alps | asking": {"kept": 0.5}}).split("### 70% zeros")[1]
    row = tool.measured(recipe, ("net", "2:4", 0.5, next(way for way in MORE if way.name == "armor"), True), 1.0)
    assert row["weights"] == 1 and row["zeros"] == 0.5
