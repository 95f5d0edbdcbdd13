"""Where nobody says what decides: made-up inputs, if the model runs on them, and the same when a plan is done again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from onnxprune.pruning import Options, optimize
from onnxprune.pruning.inputs import MADE_UP_OF, UNVERIFIED
from onnxprune.pruning.unasked import SAMPLES, unasked
from tests.nets import CNN
from tests.oracle import build

QUICK = Options(bench=False, made_up=True)
DOES_NOT_RUN = """agraph (float[n,4] x, int64[k] shape) => (float[a,b] y) <float[4,2] w>
{ p = MatMul(x, w) y = Reshape(p, shape) }"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    onnx.save(build(CNN), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_random_inputs_decide(model: Path) -> None:
    found = unasked(model, QUICK)
    assert (found.calibration, found.samples) == ("random", SAMPLES)
    assert unasked(model, replace(QUICK, made_up=False)).calibration is None


@pytest.mark.parametrize(
    "said",
    [
        {"criterion": "l2"},
        {"budget": "uniform"},
        {"repair": "none"},
        {"aggregate": "mean"},
        {"max_loss": 0.1},
        {"search_minutes": 1.0},
        {"metric": "mine:accuracy"},
        {"labels": "y"},
        {"passes": ["sparsify{pattern=16x1}"]},
    ],
    ids=lambda said: next(iter(said)),
)
def test_who_says_what_decides_is_heard(model: Path, said: dict[str, object]) -> None:
    options = replace(QUICK, **said)  # type: ignore[arg-type]
    assert unasked(model, options) == options


def test_data_of_ones_own_stay(model: Path) -> None:
    options = replace(QUICK, calibration="calib.npz")
    assert unasked(model, options) == options


def test_a_model_that_no_made_up_input_suits_is_judged_by_its_weights(tmp_path: Path) -> None:
    onnx.save(build(DOES_NOT_RUN), tmp_path / "model.onnx")
    assert unasked(tmp_path / "model.onnx", QUICK) == QUICK


def test_a_large_model_is_judged_by_its_weights(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.pruning.unasked.MOST_BYTES", model.stat().st_size - 1)
    assert unasked(model, QUICK) == QUICK


def test_a_plan_is_done_again_with_the_same_inputs(model: Path, tmp_path: Path) -> None:
    first = optimize(model, tmp_path / "one.onnx", QUICK)
    assert UNVERIFIED not in first.warnings and first.plan.repairs[0]["data"][MADE_UP_OF] == SAMPLES
    (tmp_path / "plan.json").write_text(first.plan.to_json())
    again = Options(bench=False, plan=tmp_path / "plan.json")
    second = optimize(model, tmp_path / "two.onnx", again)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    assert second.plan.to_json() == first.plan.to_json()
    third = optimize(model, tmp_path / "three.onnx", replace(again, repair="none"))
    assert not third.plan.repairs


def test_who_asks_for_random_inputs_is_warned(model: Path, tmp_path: Path) -> None:
    found = optimize(model, tmp_path / "one.onnx", Options(bench=False, calibration="random", samples=8))
    assert UNVERIFIED in found.warnings
