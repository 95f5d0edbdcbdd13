"""The losses of trials, by hand."""

import math

import numpy as np
import pytest

from onnxprune.runtime.loss import Loss, Surprise


def measured(meter: Loss, *calls: tuple[object, object]) -> float:
    for reference, other in calls:
        meter.update({"y": np.asarray(reference)}, {"y": np.asarray(other)})
    return meter.result()


def test_classes_lose_their_divergence_over_rows() -> None:
    """A row of odds 3 to 1 that are even in the other model, and one that is the same."""
    odds = np.log(np.array([[3.0, 1.0]]))
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert measured(Loss(), (odds, np.zeros((1, 2)))) == pytest.approx(expected)
    assert measured(Loss(), (odds, np.zeros((1, 2))), (odds, odds)) == pytest.approx(expected / 2)


def test_other_floats_lose_a_share_of_their_square() -> None:
    assert measured(Loss(), ([3.0], [2.0]), ([-4.0], [-4.0])) == pytest.approx(1 / (9 + 16))
    assert measured(Loss(), ([0.0], [0.5])) == pytest.approx(0.25)  # of nothing: the square itself


def test_whole_numbers_lose_what_differs() -> None:
    assert measured(Loss(), ([1, 2, 3, 4], [1, 2, 3, 5])) == pytest.approx(1 / 4)


def test_the_mean_over_outputs() -> None:
    meter = Loss()
    meter.update({"y": np.array([2.0]), "z": np.array([1, 2])}, {"y": np.array([1.0]), "z": np.array([1, 2])})
    assert meter.result() == pytest.approx((1 / 4 + 0) / 2)
    assert Loss().result() == 0


@pytest.mark.parametrize("other", [[math.nan, 1.0], [math.inf, 1.0], [1.0]])
def test_what_cannot_be_compared_is_lost(other: list[float]) -> None:
    assert measured(Loss(), ([1.0, 1.0], other)) == math.inf
    assert measured(Loss(), ([math.nan, 1.0], [math.nan, 1.0])) == 0


def test_surprise_at_the_top_class() -> None:
    """The reference says class 0; the other gives it 1/4. Of probabilities the logarithm is the logit."""
    logits, other = np.array([[2.0, 0.0]]), np.log(np.array([[1.0, 3.0]]))
    assert measured(Surprise(), (logits, other)) == pytest.approx(math.log(4))
    chances = np.array([[0.75, 0.25]])
    assert measured(Surprise(), (chances, np.array([[0.25, 0.75]]))) == pytest.approx(math.log(4))


def test_surprise_of_other_floats_is_half_their_square() -> None:
    assert measured(Surprise(), ([3.0, 4.0], [1.0, 0.0])) == pytest.approx(0.5 / 25)
    assert measured(Surprise(), ([1, 2], [1, 3])) == 0
