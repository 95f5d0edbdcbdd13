"""Losses by hand."""

from __future__ import annotations

import math

import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.graph import from_proto
from onnxprune.recovery.nature import features
from onnxprune.recovery.objective import Objective, cosine, kl, mse
from tests.oracle import build


def test_kl_of_logits_by_hand() -> None:
    """p = (1/4, 3/4), q = (1/2, 1/2): KL = 1/4 ln 1/2 + 3/4 ln 3/2; the second row is the same in both."""
    teacher = torch.tensor([[0.0, math.log(3)], [5.0, 7.0]])
    student = torch.tensor([[1.0, 1.0], [1.0, 3.0]])
    expected = (0.25 * math.log(0.5) + 0.75 * math.log(1.5)) / 2
    assert float(kl(teacher, student)) == pytest.approx(expected, rel=1e-5)
    objective = Objective()
    assert float(objective({"y": teacher}, {"y": student})) == pytest.approx(expected, rel=1e-5)
    assert objective.kinds == {"y": "kl"}


def test_kl_of_probabilities_is_that_of_their_logits() -> None:
    teacher, student = torch.tensor([[0.25, 0.75]]), torch.tensor([[0.5, 0.5]])
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert float(Objective()({"y": teacher}, {"y": student})) == pytest.approx(expected, rel=1e-5)


def test_masked_logits_count_for_nothing() -> None:
    """A class that the teacher rules out adds nothing; a row without any class is left out."""
    teacher = torch.tensor([[0.0, math.log(3), -math.inf], [-math.inf] * 3])
    student = torch.tensor([[1.0, 1.0, -math.inf], [0.0, 0.0, 0.0]], requires_grad=True)
    loss = kl(teacher, student)
    assert float(loss.detach()) == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5), rel=1e-5)


def test_mse_is_a_share_of_the_square() -> None:
    teacher = torch.tensor([3.0, 4.0, math.inf]).reshape(3, 1, 1, 1)
    student = torch.tensor([3.0, 3.0, 0.0]).reshape(3, 1, 1, 1)
    assert float(mse(teacher, student)) == pytest.approx(1 / 25)
    objective = Objective()
    assert float(objective({"y": teacher}, {"y": student})) == pytest.approx(1 / 25)
    assert objective.kinds == {"y": "mse"}


def test_cosine_by_name() -> None:
    teacher, student = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [0.0, 5.0]])
    expected = (1 - math.sqrt(0.5)) / 2
    assert float(cosine(teacher, student)) == pytest.approx(expected, rel=1e-5)
    assert float(Objective("cosine")({"y": teacher}, {"y": student})) == pytest.approx(expected, rel=1e-5)


def test_outputs_add_up_and_integers_are_left_out() -> None:
    teacher = {"y": torch.ones(2, 3, 4, 5), "z": torch.ones(2, 3, 4, 5), "k": torch.ones(2, dtype=torch.long)}
    student = {"y": torch.zeros(2, 3, 4, 5), "z": torch.ones(2, 3, 4, 5), "k": torch.zeros(2, dtype=torch.long)}
    objective = Objective()
    assert float(objective(teacher, student)) == 1
    assert objective.kinds == {"y": "mse", "z": "mse"}


def test_refusals() -> None:
    with pytest.raises(InputError, match="no loss 'hinge'; there are cosine, kl, mse"):
        Objective("hinge")
    with pytest.raises(InputError, match="no floats"):
        Objective()({"k": torch.ones(2, dtype=torch.long)}, {"k": torch.ones(2, dtype=torch.long)})


def test_what_a_normalisation_makes_is_features() -> None:
    text = """g (float[2,3,4] x) => (float[2,3,4] y, float[2,3,5] logits, float[2,3,5] hidden_state, float[2,12] flat)
    <float[4] s, float[4,5] w>
    { y = LayerNormalization(x, s) logits = MatMul(y, w) hidden_state = MatMul(x, w) flat = Flatten(y) }"""
    assert features(from_proto(build(text))) == {"y", "hidden_state", "flat"}
    objective = Objective(features={"y"})
    teacher = {"y": torch.ones(2, 3, 4), "logits": torch.ones(2, 3, 5)}
    objective(teacher, teacher)
    assert objective.kinds == {"y": "mse", "logits": "kl"}
