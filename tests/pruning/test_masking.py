"""Masks that are trained, from a model file to a pruned one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.budget import Candidate, Cost, Fit, Monomial
from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom
from onnxprune.errors import InputError
from onnxprune.graph import from_proto, normalize
from onnxprune.pruning import Options, Target, optimize
from onnxprune.pruning.decide import settled
from onnxprune.pruning.masking import chosen, settle, units
from onnxprune.pruning.result import Result
from onnxprune.recovery import Effort
from onnxprune.recovery.masks import METHODS, MaskSetting
from onnxprune.recovery.step import Pass
from onnxprune.rewrite import gated
from tests.oracle import analysed, build
from tests.recovery.small import WIDTH, network, samples

ALIVE = list(range(0, WIDTH, 2))
STEPS = MaskSetting(Effort(steps=60), "ste", weights=False)


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A network of which every other hidden unit has no effect on the outputs."""
    proto = network()
    weight = next(t for t in proto.graph.initializer if t.name == "b.weight")
    values = numpy_helper.to_array(weight).copy()
    values[1::2] = 0
    weight.CopyFrom(numpy_helper.from_array(values, "b.weight"))
    onnx.save(proto, tmp_path / "dense.onnx")
    np.savez(tmp_path / "data.npz", x=samples(256))
    return tmp_path / "dense.onnx"


def pruned(dense: Path, masks: MaskSetting = STEPS, **options: object) -> Result:
    chosen = {"criterion": "random", "repair": "none", "bench": False, "target": Target("macs", 0.5), **options}
    data = str(dense.with_name("data.npz"))
    return optimize(dense, dense.with_name("pruned.onnx"), Options(calibration=data, masks=masks, **chosen))  # type: ignore[arg-type]


def kept(result: Result) -> list[int]:
    (group,) = result.plan.groups
    return list(group["kept"])


@pytest.mark.parametrize("method", METHODS)
def test_units_that_do_nothing_go(planted: Path, method: str) -> None:
    """Whatever random scores said of them; the result is proved, and as wide as the target wants it."""
    result = pruned(planted, MaskSetting(Effort(steps=240), method, weights=False))
    assert kept(result) == ALIVE
    assert result.proof.status == "proved" and result.reached and result.fraction == 0.5
    how, steps, before, after = (result.plan.decided["masks"].replace(",", "").split()[i] for i in (0, 1, -3, -1))
    assert (how, int(steps) <= 240, float(after) < 1e-6 < float(before)) == (method, True, True)


def test_the_same_steps_make_the_same_choice(planted: Path) -> None:
    few = MaskSetting(Effort(steps=40), "l0", weights=False)
    first, second = (pruned(planted, few).plan for _ in range(2))
    assert first.groups == second.groups and first.decided == second.decided
    other = pruned(planted, replace(few, seed=1)).plan
    assert other.groups != first.groups


def test_weights_may_learn_along_and_stay_as_they_are_in_the_result(planted: Path) -> None:
    result = pruned(planted, MaskSetting(Effort(steps=60), "ste"))
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(result.output).graph.initializer}
    dense = {t.name: numpy_helper.to_array(t) for t in onnx.load(planted).graph.initializer}
    np.testing.assert_array_equal(stored["a.weight"], dense["a.weight"][:, kept(result)])
    assert result.plan.decided["masks"].startswith("ste, weights along, ")


def test_what_gains_nothing_is_not_taken(planted: Path) -> None:
    """Scores that know which units do nothing can't be beaten."""
    result = pruned(planted, criterion="obs_loss", repair="sequential")
    assert kept(result) == ALIVE and result.proof.status == "proved"
    assert any("nothing was gained by training masks" in text for text in result.warnings)
    assert result.plan.decided["masks"].endswith("not taken")


def test_a_loss_that_is_no_number_ends_it(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pass, "__call__", lambda *_: float("nan"))
    result = pruned(planted)
    assert any("10 steps of mask training had no number as their loss" in text for text in result.warnings)
    assert result.proof.status == "proved" and result.fraction == 0.5


def test_progress_is_told(planted: Path) -> None:
    told: list[str] = []
    options = Options(
        calibration=str(planted.with_name("data.npz")), masks=STEPS, target=Target("macs", 0.5), bench=False
    )
    optimize(planted, planted.with_name("pruned.onnx"), options, told.append)
    texts = [text for text in told if text.startswith("training masks: ")]
    assert "step 1, loss " in texts[0] and " of the start's, cost " in texts[0]
    assert ("of 0.500" in texts[0] and "100 %" in texts[-1]) or len(texts) < 60


WHOLE_NUMBERS = """g (int32[1,8] x) => (int32[1,3] y) <int32[8,16] a, int32[16,3] b>
{ h = MatMul(x, a) y = MatMul(h, b) }"""


def test_groups_of_whole_numbers_have_nothing_to_learn_by() -> None:
    """Their units are there or not: a gate of a half is none."""
    for text, trained in ((WHOLE_NUMBERS, False), (WHOLE_NUMBERS.replace("int32", "float"), True)):
        analysis = analysed(text)[1]
        (group,) = analysis.prunable
        decision = settled([Candidate(group, np.arange(16.0), "channels")], Fit({group.id: 8}, 8, True), 16)
        (found,) = units(decision, gated(lambda text=text: normalize(from_proto(build(text))), [group.id]))
        assert (found.trained, found.size, int(found.keep.sum())) == (trained, 16, 8)


BASE = Options(target=Target("macs", 0.5), calibration="data.npz", masks=STEPS)
REFUSED = {
    r"--train-masks needs data to train on \(--data\)": replace(BASE, calibration=None),
    r"no way to train masks 'magic'; there are cofi, l0, polarised, ste": replace(
        BASE, masks=MaskSetting(method="magic")
    ),
    r"--train-masks and --max-loss can't go together": replace(BASE, max_loss=0.1),
    r"--train-masks and --plan can't go together": replace(BASE, plan=Path("plan.json")),
    r"--train-masks and --search-minutes can't go together": replace(BASE, search_minutes=1.0),
    r"--train-masks needs a target: the passes' own ratios": replace(BASE, target=None, passes=["channels{ratio=0.5}"]),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_makes_no_sense_is_refused(planted: Path, reason: str) -> None:
    options = REFUSED[reason]
    if options.calibration:
        options = replace(options, calibration=str(planted.with_name("data.npz")))
    with pytest.raises(InputError, match=reason):
        optimize(planted, planted.with_name("pruned.onnx"), options)


def candidate(name: str, size: int, **options: float) -> Candidate:
    return Candidate(Group(name, Atom(size), size), np.arange(size, dtype=float), "channels", step=4, **options)  # type: ignore[arg-type]


def test_what_was_learned_is_settled_by_hand() -> None:
    """Of 16, 16 and 8 units a half may stay, 20; the fixed group keeps its 4, and steps are 4. The first group's sure
    units are 11, of the other one 5: 12 and 4 are worth more than 8 and 8."""
    wide, narrow, fixed = candidate("wide", 16), candidate("narrow", 16), candidate("fixed", 8, ratio=0.5)
    cost = Cost(Monomial(c.group.id, 1.0, (c.group.atom,)) for c in (wide, narrow, fixed))
    start = settled([wide, narrow, fixed], Fit({"wide": 8, "narrow": 8, "fixed": 4}, 20, True), cost.total())
    start.target = Target("macs", 0.5)
    logits = {"wide": np.where(np.arange(16) < 11, 3.0, -3.0), "narrow": np.where(np.arange(16) < 5, 3.0, -3.0)}
    widths = settle(start, cost, logits)
    assert widths == {"wide": 12, "narrow": 4}
    found = chosen(start, cost, logits, widths)
    assert found.met and found.fraction == 0.5 and found.target == start.target
    assert {name: np.flatnonzero(mask).tolist() for name, mask in found.masks.items()} == {
        "wide": list(range(12)),
        "narrow": [0, 1, 2, 3],
        "fixed": [4, 5, 6, 7],
    }
