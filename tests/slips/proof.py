"""Slips of the proof and its verdict."""

from __future__ import annotations

from tests.slips.slip import Slip

REFUTED, ALLOWED = (
    "runtime.test_verify:test_another_function_is_refuted_with_the_tensor_and_the_error",
    "runtime.test_verify:test_a_small_difference_is_seen_and_a_smaller_one_allowed",
)
TOLD = "runtime.test_verify:test_every_required_tensor_must_have_been_told_once"
NOISE = "runtime.test_verdict:test_noise_decides_between_difference_and_no_evidence"

SLIPS = [
    Slip(
        "rewrite.proof:keep_of",
        "for name, mask in masks.items()",
        "for name, mask in list(masks.items())[1:]",
        "rewrite.test_proof:test_the_right_pruning_is_proved",
    ),
    Slip(
        "rewrite.proof:_mask",
        "mask_consumers(analysis, keep)",
        "mask_consumers(analysis, Keep({}))",
        "rewrite.test_proof:test_the_right_pruning_is_proved",
    ),
    Slip("runtime.verify:conclude", 'f.verdict == "differs"', "False", REFUTED),
    Slip("runtime.verify:conclude", "if untold or not same", "if not same", TOLD),
    Slip(
        "runtime.verify:conclude",
        "if untold or not same",
        "if untold",
        "runtime.test_verify:test_nothing_to_compare_is_undecided",
    ),
    Slip("runtime.verify:conclude", "f.point.required and", "", TOLD),
    Slip(
        "runtime.verify:verify",
        '"failed", math.inf',
        '"proved", math.inf',
        "runtime.test_verify:test_a_pruned_model_that_does_not_run_is_refuted",
    ),
    Slip(
        "runtime.verdict:distance",
        "expected.shape != got.shape",
        "False",
        "runtime.test_verdict:test_shapes_and_kinds_must_agree",
    ),
    Slip(
        "runtime.verdict:_relative",
        "gap / peak",
        "gap * peak",
        "runtime.test_verdict:test_distance_is_relative_to_the_largest_magnitude",
    ),
    Slip(
        "runtime.verdict:_relative",
        "if not finite.all()",
        "if False",
        "runtime.test_verdict:test_what_is_not_finite_must_be_matched",
    ),
    Slip(
        "runtime.verdict:_relative",
        "max(float(np.abs(a)",
        "min(float(np.abs(a)",
        "runtime.test_verdict:test_distance_may_have_a_floor",
    ),
    Slip("runtime.verdict:Finding.verdict", "self.error <= self.allowed", "self.error <= 1e3 * self.allowed", ALLOWED),
    Slip("runtime.verdict:Finding.verdict", "NOISE_FACTOR * self.noise", "self.error", REFUTED),
    Slip(
        "runtime.verdict:Point.trim",
        "np.take(dense, index, axis)",
        "dense",
        "runtime.test_verdict:test_a_point_trims_every_axis_that_lost_something",
    ),
    Slip(
        "runtime.verdict:disturbed",
        "bits ^= flips(bits.size, number)",
        "bits ^= 0 * flips(bits.size, number)",
        "runtime.test_verdict:test_a_disturbed_number_is_its_neighbour",
    ),
    Slip(
        "runtime.verdict:vacuous",
        "not bool(",
        "bool(",
        "runtime.test_verdict:test_only_what_holds_no_finite_number_is_vacuous",
    ),
]
