"""What is trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import from_proto
from onnxprune.lift import lift
from onnxprune.recovery import Effort, Training, train
from onnxprune.recovery.student import RANK, Student
from tests.recovery.small import WIDTH, data, network, samples


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


@pytest.mark.parametrize("mode", ["full", "perp", "lora"])
def test_zeros_of_sparse_matrices_stay(mode: str) -> None:
    """Of a matrix with 40 % zeros, and of none with a few by chance."""
    proto, random = network(WIDTH // 2), np.random.default_rng(0)
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim > 1:
            share = 0.4 if tensor.name == "a.weight" else 0.1
            values = np.where(random.random(values.shape) < share, 0, values).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    before = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
    setting = Training(Effort(steps=60), mode, rate=0.02)
    found = train(from_proto(network()), from_proto(proto), data().split(), setting, str)
    assert found.outcome.gained
    dense = [name for name, values in before.items() if values.ndim > 1 and name != "a.weight"]
    zero = before["a.weight"] == 0
    assert zero.mean() > 0.25 and not found.weights["a.weight"][zero].any() and dense
    assert (found.weights["a.weight"][~zero] != before["a.weight"][~zero]).any()
    assert all((found.weights[name] != 0).all() for name in dense if (before[name] == 0).any())
