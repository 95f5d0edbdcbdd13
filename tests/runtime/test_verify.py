"""The oracle on two models: yes, no, or why neither."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime.opening import Fed
from onnxprune.runtime.verdict import Finding, Plan, Point
from onnxprune.runtime.verify import DISTURBANCES, Proof, conclude, verify

Build = Callable[[str], bytes]

ONE = "g (float[2,4] x) => (float[2,4] y) <float two = {2}> { h = Mul(x, two) y = Tanh(h) }"


def test_the_same_function_is_proved(build: Build) -> None:
    other = "g (float[2,4] x) => (float[2,4] y) { h = Add(x, x) y = Tanh(h) }"
    found = verify(build(ONE), build(other))
    assert found == Proof("proved", 0.0, 0.0, 3, "", 1)
    assert found.ok


def test_another_function_is_refuted_with_the_tensor_and_the_error(build: Build) -> None:
    found = verify(build(ONE), build(ONE.replace("{2}", "{2.1}")))
    assert found.status == "failed"
    assert not found.ok
    assert 1e-2 < found.error < 1
    assert found.reason.startswith("relative error ")
    assert " at 'y' where 1e-05 is allowed" in found.reason


def test_models_may_lie_in_files(save: Callable[..., Path]) -> None:
    assert verify(save(ONE), save(ONE, "other.onnx")).ok


def test_a_small_difference_is_seen_and_a_smaller_one_allowed(build: Build) -> None:
    assert verify(build(ONE), build(ONE.replace("{2}", "{2.001}"))).status == "failed"
    assert verify(build(ONE), build(ONE.replace("{2}", "{2.000001}"))).ok
    assert verify(build(ONE), build(ONE.replace("{2}", "{2.001}")), tolerance=0.01).ok


def test_a_difference_that_only_pixels_or_loud_inputs_show(build: Build) -> None:
    clipped = "g (float[2,4] x) => (float[2,4] y) <float low = {-9}, float high = {9}> { y = Clip(x, low, high) }"
    assert verify(build("g (float[2,4] x) => (float[2,4] y) { y = Identity(x) }"), build(clipped)).status == "failed"


def test_other_shapes_are_refuted(build: Build) -> None:
    other = "g (float[2,4] x) => (float[4,2] y) <float two = {2}> { h = Mul(x, two) t = Transpose(h) y = Tanh(t) }"
    found = verify(build(ONE), build(other))
    assert found.status == "failed"
    assert found.error == math.inf


def test_an_output_that_is_missing_is_refuted(build: Build) -> None:
    two = (
        "g (float[2,4] x) => (float[2,4] y, float[2,4] z) <float two = {2}> { h = Mul(x, two) y = Tanh(h) z = Neg(x) }"
    )
    found = verify(build(two), build(ONE))
    assert found.status == "failed"
    assert "'z'" in found.reason


def test_a_pruned_model_that_does_not_run_is_refuted(build: Build) -> None:
    broken = "g (float[2,4] x) => (float[n,m] y) <float[3,3] w> { y = MatMul(x, w) }"
    found = verify(build(ONE), build(broken.replace("float[3,3] w", "float[3,1] w = {1, 2, 3}")))
    assert found.status == "failed"
    assert found.reason.startswith("the pruned model doesn't run: ")


def test_a_source_that_does_not_run_is_the_callers_to_know(build: Build) -> None:
    with pytest.raises(InputError, match="could not load"):
        verify(b"no model", build(ONE))


def test_no_time_for_a_single_run_is_no_verdict(build: Build) -> None:
    found = verify(build(ONE), build(ONE), max_seconds=0)
    assert found.status == "skipped"


def test_inputs_that_are_no_floats_are_drawn_once(build: Build) -> None:
    text = "g (int64[2,4] x) => (int64[2,4] y) { y = Neg(x) }"
    assert verify(build(text), build(text)).draws == 1
    assert verify(build(text), build(text.replace("Neg", "Abs"))).status == "failed"


def test_an_output_without_a_finite_number_is_undecided(build: Build) -> None:
    text = "g (float[2,4] x) => (float[2,4] y) <float zero = {0}> { h = Mul(x, zero) y = Div(h, h) }"
    found = verify(build(text), build(text))
    assert found.status == "undecided"
    assert found.reason == "'y' holds no finite number"


def test_an_output_that_is_all_rounding_is_undecided(build: Build) -> None:
    """The same numbers are added up in two orders."""
    text = """g (float[2,999] x) => (float[2,1] y) <float huge = {1e12},
    int64[1] one = {1}, int64[1] f = {0}, int64[1] t = {333}, int64[1] e = {999}>
    { MOVE k = ReduceSum(h, one) s = Mul(k, huge) y = Sin(s) }"""
    moved = "p = Slice(x, f, t, one) q = Slice(x, t, e, one) h = Concat <axis = 1> (q, p)"
    found = verify(build(text.replace("MOVE k", "h = Identity(x) k")), build(text.replace("MOVE", moved)))
    assert found.status == "undecided"
    assert "rounding alone changes 'y'" in found.reason


HEAD = (
    "g (float[2,4] x) => (float[2,3] y) <int64[1] s = {0}, int64[1] e = {3}, int64[1] a = {1}, float tiny = {1e-30}> "
)
INNER = HEAD + "{ h = Exp(x) d = Slice(h, s, e, a) y = Mul(d, tiny) }"


def test_tensors_inside_are_compared_where_they_are_kept(build: Build) -> None:
    other = build(HEAD + "{ d = Slice(x, s, e, a) h = Exp(d) y = Mul(h, tiny) }")
    point = Point("h", inner=True, kept={1: np.arange(3)}, required=False)
    found = verify(build(INNER), other, plan=Plan([point]))
    assert found.ok
    assert found.tensors == 2
    wrong = Point("h", inner=True, kept={1: np.arange(1, 4)}, required=False)
    assert "'h'" in verify(build(INNER), other, plan=Plan([wrong])).reason


def test_a_tensor_that_only_one_model_has_is_left_out(build: Build) -> None:
    other = build(INNER.replace("h", "renamed"))
    plan = Plan([Point("h", inner=True, required=False)])
    found = verify(build(INNER), other, plan=plan)
    assert found.ok
    assert found.tensors == 1


def test_an_output_is_required_again_where_what_stood_in_for_it_is_gone(build: Build) -> None:
    other = build(INNER.replace("h", "renamed").replace("{1e-30}", "{2e-30}"))
    plan = Plan([Point("h", inner=True), Point("y", required=False, floor=1.0)])
    assert verify(build(INNER), build(INNER.replace("{1e-30}", "{2e-30}")), plan=plan).ok
    assert verify(build(INNER), other, plan=plan).status == "failed"


WEIGHTED = "g (float[2,4] x, float[4,3] w) => (float[2,3] y) { y = MatMul(x, w) }"
STORED = "g (float[2,4] x) => (float[2,3] y) <float[4,3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}> { y = MatMul(x, w) }"
WEIGHT = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 2, 3]], np.float32)


def test_weights_may_be_fed(build: Build) -> None:
    fed = Fed(build(WEIGHTED), lambda: {"w": WEIGHT.copy()})
    assert verify(fed, build(STORED)).ok
    assert verify(fed, build(STORED.replace("{1, 2, 3", "{1, 2, 4"))).status == "failed"


def test_one_session_at_a_time_and_weights_made_anew_for_noise(build: Build) -> None:
    made: list[int] = []

    def weights() -> dict[str, np.ndarray]:
        made.append(1)
        return {"w": WEIGHT.copy()}

    verify(Fed(build(WEIGHTED), weights), build(STORED))
    assert len(made) == 1
    verify(Fed(build(WEIGHTED), weights), build(STORED.replace("{1, 2, 3", "{1, 2, 4")))
    assert len(made) == 2 + DISTURBANCES


# ------------------------------------------------------------------------------------------------- conclusions


def finding(name: str, error: float, noise: float = 0.0, **point: bool) -> Finding:
    return Finding(Point(name, **point), 0, error, 1e-5, noise)


def test_one_difference_refutes_and_the_first_in_order_is_named() -> None:
    findings = [finding("y", 0.5), finding("b", 0.1), finding("a", 0.2), finding("z", 0.0)]
    found = conclude(findings, 1, ["a", "b"])
    assert found.status == "failed"
    assert found.reason == "relative error 2.0e-01 at 'a' where 1e-05 is allowed"
    assert found.error == 0.5


def test_every_required_tensor_must_have_been_told_once() -> None:
    drowned, told = finding("y", 1.0, 1.0), finding("y", 1e-6)
    assert conclude([drowned, told], 2).ok
    assert conclude([drowned, finding("z", 0.0)], 2).status == "undecided"
    optional = finding("h", 1.0, 1.0, required=False, inner=True)
    assert conclude([optional, told], 2).ok


def test_a_difference_on_one_draw_is_enough() -> None:
    assert conclude([finding("y", 0.0), finding("y", 0.1)], 2).status == "failed"


def test_error_leaves_out_what_drowned() -> None:
    found = conclude([finding("y", 1.0, 1.0), finding("y", 1e-6)], 2)
    assert found.error == 1e-6
    assert found.noise == 1.0


def test_nothing_to_compare_is_undecided() -> None:
    assert conclude([], 0) == Proof("undecided", reason="there is no tensor to compare")
