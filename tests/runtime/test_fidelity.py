import math

import ml_dtypes
import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import Fidelity, FidelityMeter, OutputFidelity, compare_models, fidelity

NAN, INF = math.nan, math.inf


def measure(reference, other):
    (output,) = fidelity({"y": np.asarray(reference)}, {"y": np.asarray(other)}).outputs
    return output


def test_errors_and_cosine_by_hand():
    result = measure([3.0, -4.0], [3.0, -3.0])
    assert (result.name, result.max_abs, result.relative) == ("y", 1.0, 0.25)
    assert result.cosine == pytest.approx(21 / (5 * math.sqrt(18)))
    assert (result.kl, result.agreement) == (None, None)


def test_differences_are_taken_in_float64():
    big = np.array([2.0**24], np.float32)
    assert measure(big, np.array([2.0**24 + 1])).max_abs == 1.0
    assert measure(np.array([60000], np.float16), np.array([-60000], np.float16)).max_abs == 120000


def test_identical_outputs_are_perfect():
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    result = measure(x, x)
    assert (result.max_abs, result.relative, result.kl, result.agreement) == (0, 0, 0, 1)
    assert result.cosine == pytest.approx(1)


def test_zeros():
    assert measure([0.0, 0.0], [0.0, 0.0]) == OutputFidelity("y", 0.0, 0.0, 1.0)
    assert measure([0.0, 0.0], [0.0, 1.0]) == OutputFidelity("y", 1.0, INF, 0.0)
    assert measure([1.0, 0.0], [0.0, 0.0]) == OutputFidelity("y", 1.0, 1.0, 0.0)
    assert measure(np.zeros((0, 3)), np.zeros((0, 3))) == OutputFidelity("y", 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("reference", "other"),
    [([1.0, NAN], [1.0, 2.0]), ([1.0, 2.0], [1.0, NAN]), ([1.0, INF], [1.0, -INF]), ([1.0, INF], [1.0, NAN])],
)
def test_what_is_not_finite_in_one_only_is_an_infinite_error(reference, other):
    assert measure(reference, other) == OutputFidelity("y", INF, INF, 0.0)


def test_what_is_not_finite_in_both_is_left_out():
    assert measure([NAN, -INF, 3.0, 4.0], [NAN, -INF, 3.0, 3.0]).relative == 0.25


def test_kl_of_logits_by_hand():
    reference = np.log([[0.5, 0.5], [0.9, 0.1]]) + 7  # logits are known up to a constant
    other = np.log([[0.25, 0.75], [0.9, 0.1]])
    result = measure(reference, other)
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert result.kl == pytest.approx(first / 2)


def test_kl_of_probabilities_by_hand():
    result = measure([[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.5, 0.5]])
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert result.kl == pytest.approx((first + math.log(2)) / 2)


def test_agreement_counts_rows():
    result = measure([[1.0, 2.0], [2.0, 1.0], [5.0, 0.0], [0.0, 5.0]], [[0.0, 9.0], [0.0, 1.0]] * 2)
    assert result.agreement == 0.5


def test_masked_logits():
    reference, other = [[0.0, 0.0, -INF]], [[0.0, math.log(3), -INF]]
    result = measure(reference, other)
    assert result.kl == pytest.approx(0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75))
    assert measure([[0.0, 0.0]], [[0.0, -INF]]).kl == INF


def test_rows_with_nan():
    lost = measure([[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, NAN]])
    assert (lost.max_abs, lost.kl, lost.agreement) == (INF, INF, 0.5)
    both = measure([[1.0, 2.0], [1.0, NAN]], [[1.0, 2.0], [1.0, NAN]])
    assert (both.max_abs, both.kl, both.agreement) == (0, 0, 1)
    assert measure([[NAN, 1.0]], [[NAN, 1.0]]).agreement is None


@pytest.mark.parametrize(
    ("shape", "has_classes"),
    [((4,), False), ((2, 4), True), ((2, 3, 4), True), ((2, 3, 4, 4), False), ((2, 1), False)],
)
def test_which_outputs_look_like_classes(shape, has_classes):
    x = np.random.default_rng(0).normal(size=shape)
    assert (measure(x, x).kl is not None) == has_classes


def test_probabilities_are_classes_at_any_rank():
    x = np.full((2, 3, 4, 5), 0.2)
    assert measure(x, x).kl == 0


def test_integers_bools_and_strings_count_equal_elements():
    labels = measure([1, 2, 3, 4], [1, 2, 3, 8])
    assert (labels.max_abs, labels.relative, labels.agreement, labels.kl) == (4, 1, 0.75, None)
    assert measure([True, False], [True, True]).agreement == 0.5
    words = measure(np.array(["a", "b"], object), np.array(["a", "c"]))
    assert words == OutputFidelity("y", INF, INF, 0.0, None, 0.5, 2)
    assert measure(["a"], ["a"]) == OutputFidelity("y", 0.0, 0.0, 1.0, None, 1.0, 1)


def test_bfloat16_arrays():
    result = measure(np.array([[1, 2]], ml_dtypes.bfloat16), np.array([[1, 4]], np.float32))
    assert (result.max_abs, result.agreement) == (2.0, 1.0)


def test_shapes_and_types_that_differ():
    assert measure(np.ones((2, 3)), np.ones((2, 4))) == OutputFidelity("y", INF, INF, 0.0, INF, 0.0, 2)
    assert measure([1, 2], [1, 2, 3]) == OutputFidelity("y", INF, INF, 0.0, None, 0.0, 2)
    assert measure(["1"], [1.0]).max_abs == INF


def test_worst_takes_each_measure_from_the_output_that_is_worst():
    good = OutputFidelity("a", 0.1, 0.9, 0.99, None, 0.5)
    bad = OutputFidelity("b", 5.0, 0.2, 0.98, 0.3, 0.7)
    assert Fidelity((good, bad)).worst == OutputFidelity("worst", 5.0, 0.9, 0.98, 0.3, 0.5)
    assert Fidelity((OutputFidelity("a", 0.0, 0.0, 1.0),)).worst.kl is None


def test_a_stream_is_as_one_batch():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    meter = FidelityMeter()
    for start in (0, 3):
        stop = 3 if start == 0 else 8
        meter.update({"y": a[start:stop]}, {"y": b[start:stop]})
    (parts,), whole = meter.result().outputs, measure(a, b)
    assert (parts.max_abs, parts.relative, parts.agreement) == (
        whole.max_abs,
        whole.relative,
        whole.agreement,
    )
    assert parts.cosine == pytest.approx(whole.cosine)
    assert parts.kl == pytest.approx(whole.kl)


def test_outputs_with_different_names():
    with pytest.raises(InputError, match="only the reference has 'y'"):
        fidelity({"y": np.ones(1)}, {})
    with pytest.raises(InputError, match="only the other model has 'z'"):
        fidelity({"y": np.ones(1)}, {"y": np.ones(1), "z": np.ones(1)})


def scale(factor):
    return f"g (float[b,2] x) => (float[b,2] y) <float w = {{{factor}}}> {{ y = Mul(x, w) }}"


def test_compare_models_streams_over_the_feeds(build, save):
    feeds = [{"x": np.array([[1.0, 2.0]], np.float32)}, {"x": np.array([[3.0, -8.0]], np.float32)}]
    result = compare_models(save(scale(1.0)), build(scale(0.5)), feeds_list=iter(feeds))
    assert (result.worst.max_abs, result.worst.relative, result.worst.agreement) == (4.0, 0.5, 1.0)


def test_compare_models_refuses(build):
    model = build(scale(1.0))
    with pytest.raises(InputError, match="no inputs to compare"):
        compare_models(model, model, feeds_list=[])
    other = build("g (float[b,2] z) => (float[b,2] y) { y = Relu(z) }")
    with pytest.raises(InputError, match="has an input 'x' that"):
        compare_models(model, other, feeds_list=[{"x": np.ones((1, 2), np.float32)}])


def test_the_loss_is_of_answers_where_there_are_some_else_of_directions() -> None:
    assert measure([3.0, -4.0], [-3.0, 4.0]).loss == 1.0 and measure([3.0, -4.0], [6.0, -8.0]).loss == 0.0
    classes = fidelity({"y": np.eye(4)}, {"y": np.eye(4)[[0, 1, 2, 2]]})
    assert classes.loss == classes.grain == 0.25
    both = fidelity({"y": np.eye(4), "z": np.ones(2)}, {"y": np.eye(4), "z": np.array([1.0, 0.0])})
    assert both.loss == pytest.approx(1 - 0.5**0.5) and both.grain == 0.25
    assert measure([1.0], [np.nan]).loss == 1.0 and Fidelity(()).loss == Fidelity(()).grain == 0.0
