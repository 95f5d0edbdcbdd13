"""The tool that tells how often the latency gate is right, on noise that is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.gate import State
from tools import gate_power
from tools.gate_power import Outcome, Recording, Tape, chain, row, simulated

NOISE = np.exp(0.05 * np.random.default_rng(0).standard_t(3, 3000))
NOISY = Recording(0.01 * NOISE, 0.008 * NOISE, 0.005)


def test_simulated_runs_are_right_and_end() -> None:
    slow = [simulated(NOISY, "processor", 1.05, 60.0, seed).state for seed in range(8)]
    same = [simulated(NOISY, "wall", 1.0, 60.0, seed).state for seed in range(8)]
    assert slow.count(State.NOT_MET) >= 7 and same.count(State.MET) >= 7
    short = simulated(NOISY, "wall", 1.05, 0.3, 0)
    assert short.state is State.UNDECIDED and short.pairs < 6 and 0.3 <= short.seconds < 1.0


def test_a_tape_plays_what_was_recorded() -> None:
    tape = Tape(Recording(np.array([1.0, 2.0]), np.array([0.5, 1.0]), 0.25), seed=0)
    call = tape.session(2.0)
    call()
    call()
    assert (tape.wall, tape.processor) == (0.25 + 6.0, 3.0)


def test_the_slow_chain_has_five_percent_more_work(tmp_path: Path) -> None:
    counts = [
        sum(node.op_type == "Conv" for node in onnx.load(chain(n, tmp_path / "c.onnx")).graph.node)
        for n in (gate_power.LAYERS, gate_power.LAYERS + 1)
    ]
    assert counts[1] / counts[0] == gate_power.SLOWDOWN


def test_a_row() -> None:
    outcomes = [Outcome(State.MET, 10, 1.0), Outcome(State.NOT_MET, 30, 3.0), Outcome(State.MET, 20, 2.0)]
    assert row("real", "wall", 1.05, outcomes) == (
        "real", "wall", "5 %", "1 of 3", "2 of 3", "0 of 3", "20", "2.0"
    )  # fmt: skip


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_power, "PIXELS", 4)
    monkeypatch.setattr(gate_power, "CHANNELS", 2)
    words = ["--simulated", "2", "--real", "1", "--seconds", "0.05", "--record", "0.01"]
    assert gate_power.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[-8].startswith("| runs") and [line.split()[1] for line in lines[-6:]] == ["simulated"] * 4 + ["real"] * 2
    )
