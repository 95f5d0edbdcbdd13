"""The accuracy tool: what it chooses, how a cell is measured, what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from models.making import at_hand
from models.recipe import Feeds, Gate, Recipe, Run
from tests.oracle import build
from tools import trained
from tools.accuracy import __main__ as tool
from tools.accuracy import cell, page
from tools.accuracy.claims import CLAIMS
from tools.accuracy.columns import COLUMNS, DEFAULT, Column
from tools.results import Results

NET = """agraph (float[n,8] x) => (float[n,4] y) <float[8,64] a, float[64] u, float[64,4] b>
{ h = Gemm(x, a, u)  r = Relu(h)  y = Gemm(r, b) }"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    path = tmp_path / "net.onnx"
    onnx.save(build(NET), path)
    first = trained.runner(path)

    def inputs(n: int, seed: int) -> list[Feeds]:
        return [{"x": np.random.default_rng([seed, i]).standard_normal((32, 8), np.float32)} for i in range(n)]

    def score(run: Run, n: int) -> float:
        calls = inputs(n, 99)
        agree = [np.argmax(run(c)[0], 1) == np.argmax(first(c)[0], 1) for c in calls]
        return float(np.mean(agree))

    return Recipe("net", lambda: path, inputs, score, Gate("net", "agreement", 1.0, 8, 0.1))


def test_a_cell_is_pruned_and_scored(recipe: Recipe) -> None:
    row = cell.measured(recipe, DEFAULT, 0.7, 0, 1.0)
    assert 0.5 < row["macs"] <= 0.7 and row["kept"] == row["score"] > 0.5 and row["seconds"] > 0
    bad = cell.measured(recipe, Column("nothing", criterion="nothing"), 0.7, 0, 1.0)
    assert "no criterion 'nothing'" in bad["failed"]


def test_refitting_by_data_beats_chance(recipe: Recipe) -> None:
    chance, best = (next(c for c in COLUMNS if c.name == name) for name in ("random", "default"))
    scores = [cell.measured(recipe, column, 0.5, 0, 1.0)["score"] for column in (chance, best)]
    assert scores[0] < scores[1]


def test_calibration_data_are_made_once(recipe: Recipe) -> None:
    folder = trained.calibration(recipe, 0)
    assert len(list(folder.glob("*.npz"))) == 16  # of 32 samples each
    stamp = (folder / "0000.npz").stat().st_mtime_ns
    assert trained.calibration(recipe, 0) == folder and (folder / "0000.npz").stat().st_mtime_ns == stamp
    assert trained.calibration(recipe, 1) != folder


def test_cells_are_kept(recipe: Recipe) -> None:
    row = tool.obtained(recipe, ("net", DEFAULT, 0.7, 0))
    assert tool.obtained(recipe, ("net", DEFAULT, 0.7, 0)) == row
    assert list(Results("accuracy").rows()) == ["net | default | 0.7 | 0"]


def test_columns_have_the_baselines_and_names_of_their_own() -> None:
    names = [column.name for column in COLUMNS]
    assert {"random", "magnitude", "default"} <= set(names) and len(set(names)) == len(names)


def test_the_page_has_a_table_for_every_size() -> None:
    rows = {
        "net | random | 0.7 | 0": {"kept": 0.5},
        "net | default | 0.7 | 0": {"kept": 0.97},
        "net | default | 0.7 | 1": {"kept": 0.99},
        "net | default | 0.5 | 0": {"kept": 0.9},
        "net | flap | 0.5 | 0": {"failed": "no"},
    }
    text = page.render(rows, {"net": {"score": 0.851}})
    assert text.index("## 0.7 of") < text.index("## 0.5 of")
    assert "98.0 ± 1.0" in text and "0.851" in text and "50.0" in text
    assert "flap" not in text.split("## 0.5 of")[1]


def test_an_empty_choice_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--only", "nothing-of-that-name"]) == 2
    assert "no model" in capsys.readouterr().err


def test_cells_of_earlier_states_are_named() -> None:
    names = ["net | default | 0.7 | 0", "net | default | 0.5 | 0", "net | gone | 0.5 | 0"]
    assert page.age(names) == "\nMeasured with an earlier state of the source: net (default).\n"
    assert page.age([]) == page.age(["net | gone | 0.5 | 0"]) == ""


def test_claims_speak_of_columns_that_there_are() -> None:
    names = {column.name for column in COLUMNS}
    assert all(claim.models and names >= set(claim.columns) for claim in CLAIMS)
    options = tool._parser().parse_args(["--claims", "--only", CLAIMS[0].models[0]])
    levels = {fraction for _, column, fraction, _ in tool.chosen(options) if column.name == CLAIMS[0].columns[0]}
    assert CLAIMS[0].level in levels or CLAIMS[0].models[0] not in at_hand()


@pytest.mark.parametrize(("better", "worse"), [(0.99, 0.3), (0.3, 0.99)])
def test_a_claim_is_judged(better: float, worse: float) -> None:
    (claim,) = [claim for claim in CLAIMS if "OBSPA" in claim.source]
    kept = {"magnitude": worse, "obs, no data": better, "default": 0.98}
    rows = {f"{claim.models[0]} | {name} | {claim.level} | 0": {"kept": value} for name, value in kept.items()}
    section = page.render(rows, {}).split("## What papers claim")[1]
    verdict = "yes" if better > worse else "no"
    assert re.search(rf"{claim.models[0]} +\| magnitude {100 * worse:.1f}, obs, no data .*\| +{verdict} \|", section)


def test_a_claim_without_all_of_its_cells_is_left_out() -> None:
    assert "papers claim" not in page.render({"vit_fashion | vbp | 0.65 | 0": {"kept": 0.9}}, {})
