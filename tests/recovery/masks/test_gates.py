"""The distribution of gates, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from onnxprune.recovery.masks.gates import GATES, Clipped, Concrete, Straight, polarisation
from onnxprune.recovery.masks.method import METHODS


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def one(x: float) -> torch.Tensor:
    return torch.tensor([x], dtype=torch.float64, requires_grad=True)


def test_a_concrete_gate_by_hand() -> None:
    """A uniform number of 0.5 has a logit of 0: s = sigmoid(logit / (2/3)), stretched to (-0.1, 1.1) and clipped."""
    gate = Concrete()
    for logit in (-0.8, 0.0, 0.9):
        expected = 1.2 * sigmoid(1.5 * logit) - 0.1
        assert gate.values(one(logit), torch.tensor([0.5])).item() == pytest.approx(expected)
    assert gate.values(one(3.0), torch.tensor([0.5])).item() == 1.0
    assert gate.values(one(-3.0), torch.tensor([0.5])).item() == 0.0
    assert gate.values(one(0.0), torch.tensor([0.8])).item() == pytest.approx(1.2 * sigmoid(1.5 * math.log(4)) - 0.1)


def test_the_gradient_of_a_concrete_gate_by_hand() -> None:
    """d/dlogit (1.2 sigmoid(1.5 logit) - 0.1) = 1.8 s (1 - s), and nothing where it is clipped."""
    for logit, slope in ((0.4, 1.8 * sigmoid(0.6) * (1 - sigmoid(0.6))), (5.0, 0.0)):
        value = one(logit)
        Concrete().values(value, torch.tensor([0.5])).backward()
        assert float(value.grad) == pytest.approx(slope)  # type: ignore[arg-type]


def test_a_concrete_gate_is_nothing_as_often_as_is_said() -> None:
    """The gate is above 0 where log u - log(1 - u) > beta log(1/11) - logit: with the probability sigmoid(logit +
    2/3 log 11). And 1 where it is above beta log 11 - logit."""
    drawn = torch.linspace(1e-5, 1 - 1e-5, 200_001, dtype=torch.float64)
    for logit in (-3.0, -1.0, 0.5):
        gates = Concrete().values(torch.tensor(logit), drawn)
        there = sigmoid(logit + 2 / 3 * math.log(11))
        assert float((gates > 0).double().mean()) == pytest.approx(there, abs=1e-4)
        assert float((gates == 1).double().mean()) == pytest.approx(sigmoid(logit - 2 / 3 * math.log(11)), abs=1e-4)
        value = one(logit)
        found = Concrete().expected(value)
        assert found.item() == pytest.approx(there)
        found.backward()
        assert float(value.grad) == pytest.approx(there * (1 - there))  # type: ignore[arg-type]


def test_the_expected_value_of_a_concrete_gate() -> None:
    """Where logits are 0 the distribution is symmetric around a half."""
    drawn = torch.linspace(1e-5, 1 - 1e-5, 20_001, dtype=torch.float64)
    assert Concrete().values(torch.tensor(0.0), drawn).mean().item() == pytest.approx(0.5, abs=1e-6)


def test_gates_without_noise() -> None:
    value = one(0.3)
    assert Clipped().values(value, value).item() == pytest.approx(1.2 * sigmoid(0.3) - 0.1)
    assert Clipped().expected(value).item() == pytest.approx(1.2 * sigmoid(0.3) - 0.1)
    for logit, step in ((0.3, 1.0), (-0.3, 0.0)):
        value = one(logit)
        found = Straight().values(value, value)
        assert found.item() == Straight().expected(value).item() == step
        found.backward()
        assert float(value.grad) == pytest.approx(sigmoid(0.3) * sigmoid(-0.3))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", GATES)
def test_half_a_unit_is_expected_in_the_middle(name: str) -> None:
    gate = GATES[name]()
    beside = gate.expected(torch.tensor([gate.middle - 1e-4, gate.middle + 1e-4], dtype=torch.float64))
    assert float(beside.mean()) == pytest.approx(0.5)


def test_polarisation_by_hand() -> None:
    """Gates 1 and 0: 1.2 * 0.5 - 0.5; both at a half: 1.2 * 0.5. Apart is less."""
    apart, together = (float(polarisation(torch.tensor(v))) for v in ([1.0, 0.0], [0.5, 0.5]))
    np.testing.assert_allclose([apart, together], [0.1, 0.6], rtol=1e-6)


def test_every_method_names_a_gate_and_says_what_it_is() -> None:
    assert all(method.gate in GATES and method.summary for method in METHODS.values())
