"""What is trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.graph import from_proto
from onnxprune.lift import lift
from onnxprune.recovery.student import RANK, Student
from tests.recovery.small import network, samples


def student(mode: str) -> Student:
    return Student(lift(from_proto(network())), mode)


def trained(made: Student) -> set[str]:
    return {name for name, p in made.named_parameters() if p.requires_grad}


def test_full_trains_all_that_is_learned() -> None:
    assert trained(student("full")) == {"lifted.a.weight", "lifted.a.bias", "lifted.b.weight", "lifted.b.bias"}


def test_perp_trains_vectors_and_low_rank_changes() -> None:
    found = trained(student("perp"))
    assert {"lifted.a.bias", "lifted.b.bias"} < found
    assert not {"lifted.a.weight", "lifted.b.weight"} & found
    assert len(found) == 6


def test_lora_starts_from_the_model_and_is_merged() -> None:
    made = student("lora")
    assert not any(name.startswith("lifted.") for name in trained(made))
    x = {"x": torch.from_numpy(samples(3))}
    before = lift(from_proto(network()))(x)["y"]
    assert torch.equal(made(x)["y"], before)
    original = made.stored()
    for adapter in made.adapters.values():
        torch.nn.init.normal_(adapter.b, std=0.01)
    after, stored = made(x)["y"], made.stored()
    assert not torch.allclose(after, before)
    change = stored["a.weight"] - original["a.weight"]
    assert 0 < np.linalg.matrix_rank(change.astype(np.float64), tol=1e-5) <= RANK
    merged = from_proto(network())
    for tensor in merged.graph.tensors().values():
        if tensor.name in stored:
            tensor.values = stored[tensor.name]
    assert torch.allclose(lift(merged)(x)["y"], after, atol=1e-5)


def test_steps_are_in_proportion_to_sizes() -> None:
    groups = dict(student("full").groups())
    assert all(size > 0 for size in groups)
    for size, parameters in groups.items():
        for parameter in parameters:
            rms = max(float(parameter.detach().square().mean().sqrt()), 0.01)
            assert 0.8 < size / rms < 1.25


def test_an_unknown_mode() -> None:
    with pytest.raises(InputError, match="no mode of recovery 'half'; there are full, perp, lora"):
        student("half")
