"""Judging one tensor of two models."""

import math

import numpy as np
import pytest

from onnxprune.runtime.verdict import NOISE_LIMIT, TOLERANCE, Finding, Point, distance, disturbed, vacuous


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_distance_is_relative_to_the_largest_magnitude() -> None:
    assert distance(floats(1, -4, 2), floats(1, -4, 1)) == 0.25
    assert distance(floats(0, 0), floats(0, 0)) == 0.0
    assert distance(floats(0, 0), floats(0, 1e-9)) == math.inf
    assert distance(floats(), floats()) == 0.0


def test_distance_may_have_a_floor() -> None:
    assert distance(floats(0, 0), floats(0, 0.5), floor=1.0) == 0.5
    assert distance(floats(0, 10), floats(0, 9), floor=1.0) == pytest.approx(0.1)


def test_shapes_and_kinds_must_agree() -> None:
    assert distance(floats(1, 2), floats(1, 2).reshape(2, 1)) == math.inf
    assert distance(floats(1, 2), np.array([1, 2])) == math.inf


def test_what_is_not_finite_must_be_matched() -> None:
    odd = floats(math.nan, math.inf, -math.inf, 2)
    assert distance(odd, odd.copy()) == 0.0
    assert distance(odd, floats(math.nan, math.inf, math.inf, 2)) == math.inf
    assert distance(odd, floats(0, math.inf, -math.inf, 2)) == math.inf
    assert distance(odd, floats(math.nan, math.inf, -math.inf, 1)) == 0.5


def test_bools_and_strings_differ_by_share() -> None:
    assert distance(np.array([True, False]), np.array([True, True])) == 0.5
    assert distance(np.array(["a", "b", "c", "d"], object), np.array(["a", "b", "c", "x"], object)) == 0.25


def test_bytes_differ_by_steps_of_their_range() -> None:
    assert distance(np.array([0, 3], np.uint8), np.array([1, 3], np.uint8)) == pytest.approx(1 / 255)
    assert distance(np.array([-128], np.int8), np.array([127], np.int8)) == 1.0


def test_integers_differ_by_size() -> None:
    assert distance(np.array([10, 2]), np.array([9, 2])) == pytest.approx(0.1)


def test_only_what_holds_no_finite_number_is_vacuous() -> None:
    assert vacuous(floats(math.nan, math.inf))
    assert not vacuous(floats(math.nan, 0))
    assert not vacuous(floats())
    assert not vacuous(np.array([1]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_a_disturbed_number_is_its_neighbour(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    moved = disturbed(values)
    assert moved.dtype == values.dtype
    assert (moved != values).all()
    assert (np.abs(moved - values) <= np.spacing(np.abs(values))).all()
    np.testing.assert_array_equal(disturbed(moved), values)


def test_what_is_special_or_no_float_is_not_disturbed() -> None:
    odd = floats(math.inf, -math.inf, math.nan, 1)
    np.testing.assert_array_equal(disturbed(odd)[:3], odd[:3])
    assert disturbed(odd)[3] != 1
    whole = np.arange(3)
    assert disturbed(whole) is whole


def test_disturbing_does_not_touch_the_original() -> None:
    values = floats(1, 2)
    values.setflags(write=False)
    disturbed(values)
    assert values.tolist() == [1, 2]


def test_a_point_trims_every_axis_that_lost_something() -> None:
    point = Point("t", kept={0: np.array([1]), 2: np.array([0, 2])})
    np.testing.assert_array_equal(point.trim(np.arange(12).reshape(2, 2, 3)), [[[6, 8], [9, 11]]])


@pytest.mark.parametrize(
    ("error", "noise", "verdict"),
    [
        (0.0, 0.0, "same"),
        (TOLERANCE, 0.0, "same"),
        (2e-5, 0.0, "differs"),
        (2e-5, 3e-6, "same"),
        (2e-5, 2e-6, "differs"),
        (8e-3, 1e-3, "same"),
        (9e-3, 1e-3, "differs"),
        (0.5, 1.1e-3, "drowned"),
        (0.5, math.nan, "drowned"),
        (math.inf, math.inf, "drowned"),
        (math.inf, 0.0, "differs"),
        (math.nan, 0.0, "differs"),
        (1e-6, 1.0, "same"),
    ],
)
def test_noise_decides_between_difference_and_no_evidence(error: float, noise: float, verdict: str) -> None:
    assert Finding(Point("t"), 0, error, TOLERANCE, noise).verdict == verdict


def test_a_coarse_tensor_is_drowned_early_enough_to_mean_something() -> None:
    assert Finding(Point("t"), 0, 0.1, 1e-2, NOISE_LIMIT).verdict == "same"
    assert Finding(Point("t"), 0, 0.1, 1e-2, 1.1 * NOISE_LIMIT).verdict == "drowned"


def test_a_vacuous_tensor_tells_nothing() -> None:
    assert Finding(Point("t"), 0, 0.0, TOLERANCE, vacuous=True).verdict == "drowned"
