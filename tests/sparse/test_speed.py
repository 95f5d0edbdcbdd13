"""What layers take with zeros: between the sparsities that were timed, kept, and guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onnxprune.graph import Linear, linear_model, to_proto
from onnxprune.runtime import Clocks, Effort, plugin, run, session
from onnxprune.sparse import FINE_TO_COARSE, Pattern, Speed, Speeds, Wanted, Worth, fastest, placed
from onnxprune.sparse.constants import guessed
from onnxprune.sparse.timed import POINTS, time_linear

FINE, COARSE, GROUPS = Pattern(4), Pattern(16), Pattern.parse("2:4")
LINEAR = Linear("MatMul", (1, 32, 64), 96)
CONVOLUTIONS = [LINEAR, Linear("Conv", (1, 16, 4, 4), 32), Linear("Conv", (1, 16, 6, 4), 32, kernel=(3, 3))]


def _speed(**points: float) -> Speed:
    """By what blocks of 4x1 and 16x1 cost, as a multiple of dense work; a call takes a tenth of the dense time."""
    lines = {p: [(s, 0.1 + points[k] * (1 - s)) for s in (0.5, 0.9)] for k, p in (("fine", "4x1"), ("coarse", "16x1"))}
    return Speed(32, 2e-6, {**lines, "2:4": [(0.5, 0.8)]})


def test_between_and_beyond_what_is_known() -> None:
    speed = _speed(fine=2.0, coarse=1.0)
    assert speed.part(COARSE, 0.7) == pytest.approx(0.4)
    assert speed.part(COARSE, 0.0) == pytest.approx(1.1)
    assert speed.part(COARSE, 0.95) == pytest.approx(0.15)
    assert speed.part(COARSE, 1.0) == pytest.approx(0.1)  # no faster than half of what was seen at the end
    assert speed.gain(GROUPS, 0.5) == pytest.approx(1.25) and speed.sparse(GROUPS, 0.5) == pytest.approx(1.6e-6)


def test_the_least_sparsity_that_pays() -> None:
    speed = _speed(fine=2.0, coarse=1.0)
    assert speed.least(COARSE, 1.0) == pytest.approx(0.1)
    assert speed.least(FINE, 1.0) == pytest.approx(0.55)
    assert speed.least(FINE, 1000) > 1
    assert speed.least(GROUPS, 1.2) == 0.5 and speed.least(GROUPS, 1.3) > 1


@pytest.mark.parametrize(("gain", "expected"), [(1.1, FINE), (1.6, COARSE), (2.6, None)])
def test_the_finest_pattern_that_is_fast_enough(gain: float, expected: Pattern | None) -> None:
    want, worth = Wanted(FINE, 0.7, "alps"), Worth(gain, (FINE, COARSE))
    taken = placed(want, worth, _speed(fine=2.0, coarse=1.0))
    assert (taken and taken.pattern) == expected
    if taken is not None:
        assert 0 < taken.least <= taken.sparsity == 0.7
    assert fastest(want, worth, _speed(fine=2.0, coarse=1.0)).pattern == COARSE


def test_groups_have_a_sparsity_of_their_own() -> None:
    taken = placed(Wanted(GROUPS, 0.5, "alps"), Worth(1.2, (GROUPS,)), _speed(fine=1, coarse=1))
    assert taken is not None and taken.sparsity == taken.least == 0.5


def test_layers_are_timed_once(kept: Path) -> None:
    seen: list[tuple[Linear, list[Pattern]]] = []

    def measure(linear: Linear, patterns: list[Pattern]) -> Speed:
        seen.append((linear, patterns))
        return Speed(linear.rows, 1e-3, {str(p): [(0.5, 0.6), (0.9, 0.2)] for p in patterns})

    speeds = Speeds("op", measure=measure)
    assert speeds.seen(LINEAR) is None
    first = speeds.of(LINEAR, [FINE])
    assert speeds.of(LINEAR, [FINE, FINE]) == first == speeds.seen(LINEAR)
    both = speeds.of(LINEAR, [FINE, COARSE])
    assert set(both.points) == {"4x1", "16x1"} and both.rows == 32
    assert seen == [(LINEAR, [FINE]), (LINEAR, [COARSE])]
    assert not list(kept.rglob("*.json"))  # what a test makes up stays out of the cache


def test_what_was_timed_is_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.sparse.speeds.conditions", lambda *_: "here")
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "")
    calls: list[str] = []

    def timed(linear: Linear, patterns: list[Pattern], door: str, threads: int) -> Speed:
        calls.append(linear.named)
        return Speed(linear.rows, 1e-3, {str(p): [(0.5, 0.6)] for p in patterns})

    monkeypatch.setattr("onnxprune.sparse.speeds.time_linear", timed)
    one, other = Speeds("op"), Speeds("op")
    assert other.seen(LINEAR) is None
    found = one.of(LINEAR, [FINE])
    other.of(Linear("Gemm", (8, 8), 8), [FINE])  # another process, that began before
    assert Speeds("op").of(LINEAR, [FINE]) == found and len(calls) == 2
    file = kept / "sparse" / "here.json"
    assert set(json.loads(file.read_text())) == {"MatMul 1x32x64 96 bias", "Gemm 8x8 8 bias"}
    for broken in ("{", "[]", '{"MatMul 1x32x64 96 bias": {"points": 3}}'):
        file.write_text(broken)
        assert Speeds("op").of(LINEAR, [FINE]) == found
    assert len(calls) == 5


def test_without_the_plug_in_constants_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "there is none")
    speeds = Speeds("provider")
    assert speeds.why_not == "there is none"
    speed = speeds.of(LINEAR, FINE_TO_COARSE)
    gains = [speed.gain(p, 0.8) for p in FINE_TO_COARSE]
    assert speed.dense == 0 and gains[0] < gains[3] and all(2 < gain < 5 for gain in gains)
    slow = guessed(LINEAR, [FINE], "generic")
    assert slow.gain(FINE, 0.8) < 1
    convolution = guessed(Linear("Conv", (1, 64, 8, 8), 64), [FINE])
    assert convolution.gain(FINE, 0.8) < speed.gain(FINE, 0.8)
    assert guessed(LINEAR, [GROUPS]).gain(GROUPS, 0.5) > 1


@pytest.mark.parametrize(
    "linear",
    [LINEAR, Linear("MatMul", (8, 64), 96, bias=False), Linear("Gemm", (8, 64), 96), Linear("Conv", (2, 16, 5, 5), 24)],
    ids=lambda linear: linear.named,
)
def test_models_of_layers_compute_them(linear: Linear) -> None:
    weights = [np.random.default_rng(n).standard_normal((linear.outputs, linear.inputs)) for n in range(2)]
    back = np.eye(linear.inputs, linear.outputs) if linear.op == "Conv" else None
    model = linear_model(linear, weights, back)
    x = np.random.default_rng(9).standard_normal(linear.data).astype(np.float32)
    made = run(session(to_proto(model).SerializeToString()), {"x": x})
    if back is None:
        wanted = {f"y{n}": x @ w.T for n, w in enumerate(weights)}
        assert linear.rows == x.size // 64
    else:
        both = [np.moveaxis(x, 1, -1)]
        for w in weights:
            both.append(both[-1] @ w.T @ back.T)
        wanted = {"r1": np.moveaxis(both[-1], -1, 1)}
        assert linear.rows == 50
    assert set(made) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(made[name], values, rtol=1e-4, atol=1e-4)


def test_a_convolution_with_a_window_makes_as_many_pixels_as_it_reads() -> None:
    linear = Linear("Conv", (1, 4, 5, 6), 7, bias=False, kernel=(3, 2))
    assert (linear.inputs, linear.channels, linear.rows) == (24, 4, 30) and linear.named == "Conv 3x2 1x4x5x6 7"
    weight = np.random.default_rng(0).standard_normal((7, 24))
    x = np.random.default_rng(1).standard_normal(linear.data).astype(np.float32)
    made = run(session(to_proto(linear_model(linear, [weight], np.eye(4, 7))).SerializeToString()), {"x": x})["r0"]
    padded = np.pad(x[0], ((0, 0), (1, 1), (0, 1)))
    wanted = [[weight @ padded[:, i : i + 3, j : j + 2].ravel() for j in range(6)] for i in range(5)]
    np.testing.assert_allclose(made[0], np.moveaxis(np.array(wanted), -1, 0)[:4], rtol=1e-4, atol=1e-4)


def test_timing_int8() -> None:
    if not plugin.available():
        pytest.skip("the plug-in isn't installed")
    clocks = Clocks(wall=_ticking(1e-3), cpu=_ticking(1e-3))
    found = time_linear(LINEAR, [COARSE], "int8", effort=Effort(rounds=3, min_seconds=1e-9), clocks=clocks)
    assert [s for s, _ in found.points["16x1"]] == list(POINTS)


def _ticking(step: float) -> Callable[[], float]:
    """A clock that a look at takes `step` seconds."""
    now = iter(np.arange(1, 10**6) * step)
    return lambda: float(next(now))


@pytest.mark.parametrize("door", ["op", "provider"])
@pytest.mark.parametrize("linear", CONVOLUTIONS, ids=lambda linear: linear.named)
def test_timing_goes_through_the_plug_in(linear: Linear, door: str) -> None:
    """By a clock that says the same of all: a part of 1, whatever the layers are."""
    if not plugin.available():
        pytest.skip("the plug-in isn't installed")
    clocks = Clocks(wall=_ticking(1e-3), cpu=_ticking(1e-3))
    found = time_linear(linear, [COARSE, GROUPS], door, effort=Effort(rounds=3, min_seconds=1e-9), clocks=clocks)
    assert found.rows == linear.rows and found.dense > 0
    assert [s for s, _ in found.points["16x1"]] == list(POINTS) and [s for s, _ in found.points["2:4"]] == [0.5]
    assert all(part == pytest.approx(1) for rows in found.points.values() for _, part in rows)
