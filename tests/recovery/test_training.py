"""Training a small network back towards the one that it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.graph import from_proto
from onnxprune.progress import Stage
from onnxprune.recovery import Effort, Training, train, trainer
from onnxprune.recovery.recover import Recovered
from onnxprune.recovery.step import Pass
from onnxprune.recovery.student import Student
from tests.recovery.small import WIDTH, data, network

STEPS = Training(Effort(steps=200), rate=0.02)


def trained(
    setting: Training = STEPS, saved: tuple[Path, str] | None = None, tell: Callable[[str], None] = lambda _: None
) -> Recovered:
    both = data().split()
    dense, pruned = from_proto(network()), from_proto(network(WIDTH // 2))
    return train(dense, pruned, both, setting, tell, saved)


@pytest.mark.parametrize("mode", ["full", "perp", "lora"])
def test_the_loss_falls_in_all_modes(mode: str) -> None:
    outcome = trained(Training(Effort(steps=200), mode, rate=0.02)).outcome
    assert outcome.gained and outcome.after.loss < 0.5 * outcome.before.loss
    assert outcome.after.loss == min(point.loss for point in outcome.curve)
    assert 100 < outcome.steps <= 200 and outcome.kinds == {"y": "kl"}


def test_the_same_steps_make_the_same_weights() -> None:
    first, second = trained(), trained()
    assert all(np.array_equal(first.weights[name], second.weights[name]) for name in first.weights)
    other = trained(Training(Effort(steps=200), rate=0.02, seed=1))
    assert not np.array_equal(first.weights["a.weight"], other.weights["a.weight"])


def test_a_clock_ends_it_too() -> None:
    outcome = trained(Training(Effort(seconds=0.3))).outcome
    assert 0 < outcome.steps < 10_000 and len(outcome.curve) > 1


def test_a_rate_that_is_too_high_is_lowered() -> None:
    outcome = trained(Training(Effort(steps=300), rate=30.0)).outcome
    assert any("so it began again at" in text for text in outcome.warnings)
    assert not outcome.gained or outcome.after.loss < outcome.before.loss


def test_a_loss_that_is_no_number_stops_it_and_the_best_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = Pass.__call__, [0]

    def broken(self: Pass, step: object) -> float:
        calls[0] += 1
        loss = real(self, step)  # type: ignore[arg-type]
        return float("nan") if calls[0] > 150 else loss

    monkeypatch.setattr(Pass, "__call__", broken)
    outcome = trained().outcome
    assert "the loss was no number at step" in outcome.reason
    assert outcome.gained and outcome.after.loss < outcome.before.loss


def test_short_memory_halves_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Student.forward

    def short(self: Student, feeds: dict[str, torch.Tensor], keep: tuple[str, ...] = ()) -> dict[str, torch.Tensor]:
        if torch.is_grad_enabled() and feeds["x"].shape[0] > 8:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 TiB")
        return real(self, feeds, keep)

    monkeypatch.setattr("onnxprune.recovery.recover.settle", lambda *_: 0)
    plain = trained(Training(Effort(steps=20), rate=0.02))
    monkeypatch.setattr(Student, "forward", short)
    outcome = trained(Training(Effort(steps=20), rate=0.02)).outcome
    assert "memory was short, so batches are taken in 4 pieces" in outcome.warnings
    assert outcome.after.loss == pytest.approx(plain.outcome.after.loss, rel=1e-3)


def test_memory_for_not_even_one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> dict[str, torch.Tensor]:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Pass, "_loss", never)
    with pytest.raises(InputError, match="not enough memory to train on a single sample"):
        trained()


def test_a_training_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the middle and started again, it ends with the very weights of one that wasn't."""
    monkeypatch.setattr(trainer, "SECONDS", 0.0)
    whole, saved = trained(), (tmp_path / "net.recovery", "this one")
    real, calls = Pass.__call__, [0]

    def killed(self: Pass, step: object) -> float:
        calls[0] += 1
        if calls[0] > 105:
            raise KeyboardInterrupt
        return real(self, step)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Pass, "__call__", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(saved=saved)
    assert saved[0].is_file()
    other = trained(saved=(saved[0], "another one"))
    assert not any("went on from step" in text for text in other.outcome.warnings)
    with monkeypatch.context() as patch:
        calls[0] = 0
        patch.setattr(Pass, "__call__", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(saved=saved)
    again = trained(saved=saved)
    assert "went on from step 100 of a training that was stopped" in again.outcome.warnings
    assert all(np.array_equal(again.weights[name], whole.weights[name]) for name in whole.weights)
    assert not saved[0].exists()


def test_a_broken_checkpoint_is_none(tmp_path: Path) -> None:
    place = tmp_path / "net.recovery"
    place.write_bytes(b"nonsense")
    assert trained(Training(Effort(steps=20)), (place, "key")).outcome.steps == 20


def test_models_that_do_not_suit_each_other() -> None:
    other = network()
    other.graph.input[0].name = other.graph.node[0].input[0] = "z"
    with pytest.raises(InputError, match="different inputs: only one has 'x'"):
        train(from_proto(network()), from_proto(other), data().split(), STEPS, lambda _: None)
    other = network()
    other.graph.output[0].name = other.graph.node[-1].output[0] = "z"
    with pytest.raises(InputError, match="no output of the same name"):
        train(from_proto(network()), from_proto(other), data().split(), STEPS, lambda _: None)


def test_progress_is_told() -> None:
    told: list[str] = []
    trained(Training(Effort(steps=20)), tell=told.append)
    assert told[0] == "lifting"
    half = [text for text in told if "recovering: step 10, loss" in text and "at first" in text]
    assert [(s.done, s.total) for s in half if isinstance(s, Stage)] == [(0.5, 1)]
