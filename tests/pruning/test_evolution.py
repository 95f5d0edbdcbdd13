"""The search over widths: on curves made by hand, and on a small model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.budget import Candidate, Cost, Fit, Monomial
from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom
from onnxprune.errors import InputError
from onnxprune.pruning import Options, Target, optimize
from onnxprune.pruning.decide import Decision, settled
from onnxprune.pruning.evolution import Evolution, evolve
from tests.budget.test_tried import Faked
from tests.oracle import build
from tests.pruning.smooth import smooth


def _candidate(name: str, size: int, **options: float) -> Candidate:
    return Candidate(Group(name, Atom(size), size), np.arange(size, dtype=float), "channels", step=4, **options)  # type: ignore[arg-type]


def _times(count: int) -> Callable[[], bool]:
    left = iter(range(count))
    return lambda: next(left, None) is not None


DEAR, CHEAP, FIXED = _candidate("dear", 32), _candidate("cheap", 32), _candidate("fixed", 32, ratio=0.5)
COST = Cost(Monomial(c.group.id, 1.0, (c.group.atom,)) for c in (DEAR, CHEAP, FIXED))
START = {"dear": 16, "cheap": 16, "fixed": 16}


def _searched(trials: int, seed: int = 0, start: dict[str, int] = START, met: bool = True) -> Evolution:
    """Two groups of which one loses ten times as much by every unit that goes; half of everything is to stay."""
    decision = settled([DEAR, CHEAP, FIXED], Fit(start, sum(start.values()), met), COST.total())
    decision.target = Target("macs", 0.5)
    faked = Faked(dict.fromkeys(START, 32), {"dear": lambda n: 10 * n, "cheap": lambda n: n, "fixed": lambda _: 0.0})
    return evolve(decision, COST, faked, seed, _times(trials))  # type: ignore[arg-type]


def _widths(decision: Decision) -> dict[str, int]:
    return {c.group.id: int(mask.sum()) for c, mask in decision.chosen}


def test_what_loses_least_goes_at_the_same_cost() -> None:
    """All of the dear group stays but what the cheap one has to keep, half a step; the best units of each stay, and a
    group with a ratio of its own keeps to it."""
    found = _searched(400)
    assert _widths(found.decision) == {"dear": 30, "cheap": 2, "fixed": 16}
    assert (found.before, found.after) == (16 * 11, 2 * 10 + 30)
    assert found.decision.met and found.decision.fraction == 0.5
    assert found.decision.masks["cheap"].tolist() == [False] * 30 + [True] * 2
    assert str(found) == f"{found.trials} trials, loss without repair 176 to 50"


def test_it_ends_where_nothing_is_left_to_try() -> None:
    assert _searched(10**6).trials < 100


def test_the_seed_makes_the_trials() -> None:
    one, same, other = (_searched(4, seed) for seed in (1, 1, 2))
    assert (one.trials, one.after) == (same.trials, same.after)
    assert (one.trials, one.after) != (other.trials, other.after)


def test_without_time_or_a_target_that_can_be_met_the_decision_stays() -> None:
    assert _widths(_searched(0).decision) == START
    missed = _searched(100, start={"dear": 32, "cheap": 16, "fixed": 16}, met=False)
    assert (_widths(missed.decision), missed.trials) == ({"cheap": 16, "fixed": 16}, 0)


NET = """agraph (float[n,3,8,8] x) => (float[n,3,8,8] y)
<float[64,3,3,3] a, float[64] u, float[64,64,3,3] b, float[3,64,1,1] c>
{ h = Conv<pads=[1,1,1,1]>(x, a, u) r = Relu(h) k = Conv<pads=[1,1,1,1]>(r, b) t = Relu(k) y = Conv(t, c) }"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_a_model_is_searched_repaired_and_proved(tmp_path: Path, model: Path) -> None:
    options = Options(target=Target("macs", 0.5), calibration=smooth(tmp_path, 8), search_minutes=0.01, bench=False)
    result = optimize(model, tmp_path / "pruned.onnx", options)
    assert result.proof.ok and result.met and result.fraction <= 0.5
    trials, before, after = (float(result.plan.decided["search"].split()[i]) for i in (0, -3, -1))
    assert trials > 1 and after <= before
    assert any("without the repair that follows" in warning for warning in result.warnings)
    assert json.loads(result.plan.to_json())["repairs"][0]["name"] == "sequential"


def test_no_data_are_made_up_for_it_with_a_warning(tmp_path: Path, model: Path) -> None:
    options = Options(target=Target("macs", 0.5), search_minutes=0.001, verify=False, bench=False)
    assert any("no data were given" in warning for warning in optimize(model, tmp_path / "p.onnx", options).warnings)


BASE = Options(search_minutes=1.0, verify=False, bench=False)
WRONG = {
    r"--search-minutes 0: should be more than 0": replace(BASE, search_minutes=0.0),
    r"--search-minutes nan: should be more than 0": replace(BASE, search_minutes=float("nan")),
    r"--search-minutes and --max-loss can't go together": replace(BASE, max_loss=0.1, calibration="calib.npz"),
    r"--search-minutes and --plan can't go together": replace(BASE, plan=Path("plan.json")),
    r"--search-minutes needs a target in macs, params or size": replace(BASE, target=Target("latency", 0.5)),
    r"--search-minutes needs a target: the passes' own ratios": replace(BASE, passes=["channels{ratio=0.5}"]),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_makes_no_sense_is_refused(tmp_path: Path, model: Path, words: str) -> None:
    with pytest.raises(InputError, match=words):
        optimize(model, tmp_path / "pruned.onnx", WRONG[words])
