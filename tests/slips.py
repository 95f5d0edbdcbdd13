"""Deliberate slips of the pen: one place of one function reads differently, and a test of the suite must notice."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Slip:
    """place: MODULE:FUNCTION under onnxprune, in which `right` reads `wrong`; test: MODULE:FUNCTION under tests that
    must fail then"""

    place: str
    right: str
    wrong: str
    test: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong or 'without'} for {self.right}"[:110].replace("\n", " ")

    @property
    def function(self) -> FunctionType:
        return found("onnxprune", self.place)

    def make(self, patch: pytest.MonkeyPatch) -> None:
        """Let the function do the wrong thing, for whoever has imported it by whatever name."""
        function = self.function
        source = textwrap.dedent(inspect.getsource(function))
        source = source[source.index("def ") :]
        assert self.right in source, f"{self.place} does not read {self.right}"
        spoilt = source.replace(self.right, self.wrong, 1)
        room = dict(function.__globals__)
        exec(compile(spoilt, "slip", "exec", __future__.annotations.compiler_flag), room)  # noqa: S102
        made = room[function.__name__].__code__
        assert made.co_freevars == function.__code__.co_freevars and made.co_code != b""
        patch.setattr(function, "__code__", made)


def found(root: str, place: str) -> FunctionType:
    """The function of a name like `budget.candidate:Candidate.align`."""
    module, _, path = place.partition(":")
    thing: Any = import_module(f"{root}.{module}")
    for part in path.split("."):
        thing = inspect.getattr_static(thing, part)
    thing = getattr(thing, "fget", None) or thing
    assert isinstance(thing, FunctionType)
    return thing


BY_HAND = "criteria.test_criteria:test_by_hand"
PROJECTED = "criteria.test_criteria:test_shared_axes_are_projected"

CRITERIA = [
    Slip("criteria.units:project", "total = total + project(part, grid", "total = project(part, grid", PROJECTED),
    Slip("criteria.units:project", "total = total + project(part, vector", "total = project(part, vector", PROJECTED),
    Slip("criteria.units:project", "if k != i", "if k == i", PROJECTED),
    Slip("criteria.units:project", "at += size", "at += 1", PROJECTED),
    Slip("criteria.units:sum_of_squares", "cube, cube", "cube, abs(cube)", BY_HAND),
    Slip("criteria.units:sum_of_magnitudes", "np.abs(block)", "block", BY_HAND),
    Slip(
        "criteria.units:weights",
        "> 1",
        "> 2",
        "criteria.test_criteria:test_vectors_count_only_where_there_is_no_matrix",
    ),
    Slip("criteria.units:along", "shape[axis + 1 :]", "shape[axis:]", BY_HAND),
    Slip("criteria.magnitude:l2", "np.sqrt(", "(", BY_HAND),
    Slip("criteria.magnitude:group_l2", "float(v.mean())", "float(v.max())", BY_HAND),
    Slip("criteria.magnitude:group_l2", "context.aggregated(shares)", "np.sum(shares, axis=0)", BY_HAND),
    Slip("criteria.magnitude:magnitude", "values / ", "values * ", BY_HAND),
    Slip("criteria.dependency:dass", "norms**ALPHA", "norms", BY_HAND),
    Slip(
        "criteria.projected:_magnitudes",
        "np.abs(added)",
        "added",
        "criteria.test_criteria:test_units_of_several_columns",
    ),
    Slip("criteria.representative:representation", "np.sqrt(kernel", "(kernel", BY_HAND),
    Slip("criteria.spectrum:_Matrix.remove", "~np.isin", "np.isin", BY_HAND),
    Slip("criteria.eigenvalues:_between", "- level", "", "criteria.test_eigenvalues:test_without_one_row"),
    Slip(
        "repair.scale:rescaled",
        "(rows.swapaxes(1, 2) @ rows)",
        "1",
        "repair.test_repairs:test_units_are_scaled_in_closed_form",
    ),
    Slip("criteria.median:_distances", "2 * gram", "gram", BY_HAND),
    Slip(
        "criteria.registry:score",
        "np.nan_to_num(np.asarray(found.function(context, g), np.float64))",
        "np.asarray(found.function(context, g)) / 0",
        "criteria.test_criteria:test_scores_are_finite_for_zero_weights",
    ),
    Slip(
        "criteria.registry:score",
        "default_rng(seed)",
        "default_rng(0)",
        "criteria.test_criteria:test_random_follows_the_seed",
    ),
]

ALIGN, MISSED = (
    "budget.test_fit:test_alignment_and_floor",
    "budget.test_fit:test_an_impossible_target_is_missed_at_the_floors",
)
MET = "budget.test_fit:test_targets_are_met_from_below_within_two_percent"
EVERY, ZSCORE, BLOCKS, KNAPSACK = (
    "budget.test_fit:test_every_budget_meets_target",
    "budget.test_scored:test_zscore_counts",
    "budget.test_blockwise:test_",
    "budget.test_knapsack:test_",
)
LOSES_LEAST = f"{KNAPSACK}the_widths_that_lose_least"
WIDTHS, CHANGE = (
    "budget.test_cost:test_costs_follow_the_widths",
    "budget.test_cost:test_change_is_the_difference_of_totals",
)

BUDGET = [
    Slip("budget.candidate:Candidate.align", "max(", "min(", ALIGN),
    Slip("budget.candidate:Candidate.align", ", self.lowest)", ", 1)", ALIGN),
    Slip("budget.candidate:Candidate.lowest", "math.ceil", "math.floor", ALIGN),
    Slip("budget.candidate:Candidate.lowest", "self.floor", "0", MISSED),
    Slip("budget.candidate:Candidate.above", "+ 1)", "+ 2)", ALIGN),
    Slip(
        "budget.candidate:Candidate.keep",
        "-self.scores",
        "self.scores",
        "budget.test_fit:test_the_best_units_stay_and_ties_keep_the_earlier",
    ),
    Slip(
        "budget.candidate:Candidate.keep",
        "[:count]",
        "[count:]",
        "budget.test_fit:test_the_best_units_stay_and_ties_keep_the_earlier",
    ),
    Slip("budget.fit:_told", "total <= target * (1 + ROUNDING)", "True", MISSED),
    Slip("budget.fit:choose", "if c.ratio is None", "", f"{EVERY}s_with_steps_floors_and_fixed_ratios"),
    Slip(
        "budget.zscore:_standardised",
        "ddof=1",
        "ddof=0",
        "budget.test_scored:test_zscore_takes_the_deviation_of_a_sample",
    ),
    Slip(
        "budget.ranked:above_threshold", "np.asarray(weights, float)", "weights[0]", f"{ZSCORE}_units_as_what_they_cost"
    ),
    Slip("budget.pqi:_bound", "1 / Q - 1 / P", "1 / P - 1 / Q", "budget.test_scored:test_pqi_bounds_what_has_to_stay"),
    Slip("budget.cfsp:cfsp", "-STEEPNESS", "STEEPNESS", f"{BLOCKS}cfsp_shares_out_by_the_sigmoid_of_the_angle"),
    Slip("budget.io_cosine:io_cosine", "-found.cosine", "found.cosine", f"{BLOCKS}io_cosine_shares_out_rates"),
    Slip("budget.knapsack:_losses", "np.sort(candidate.scores)", "candidate.scores[::-1]", LOSES_LEAST),
    Slip("budget.knapsack:Line._note", "self._loss(counts) < ", "self._loss(counts) > ", LOSES_LEAST),
    Slip("budget.fit:fit", "cost.total(counts) > target", "False", MET),
    Slip("budget.fit:_bisect", "<= target", ">= target", "budget.test_fit:test_the_fit_follows_the_budget"),
    Slip("budget.fit:_fill", "total + extra <= target", "total <= target", MET),
    Slip("budget.fit:_counts", "c.ratio is None", "True", "budget.test_fit:test_fixed_ratios_stay"),
    Slip("budget.cost:Cost.change", "after - before", "before - after", CHANGE),
    Slip("budget.cost:Cost.total", "self.constant + ", "", WIDTHS),
    Slip("budget.cost:size", "tensor.dtype.itemsize", "1", WIDTHS),
    Slip("budget.cost:_side_macs", "*binding.kernel", "", "budget.test_cost:test_macs_of_the_dense_model"),
    Slip(
        "budget.global_rank:global_rank",
        "np.abs(c.scores).mean()",
        "1.0",
        "budget.test_fit:test_global_takes_the_least_useful_of_all",
    ),
]

CUT, COPIED = (
    "rewrite.test_shrink:test_every_tensor_of_a_group_keeps_the_same_units",
    "rewrite.test_lengths:test_a_constant_that_two_nodes_read_changes_for_one",
)
COUNTED = "rewrite.test_lengths:test_indices_are_counted_among_those_that_stay"
SUMMED = "rewrite.test_mask:test_what_is_pruned_counts_nothing_where_it_is_summed"

REWRITE = [
    Slip(
        "coupling.masks:Keep.mask",
        "np.outer(whole, self.mask(factor))",
        "np.outer(self.mask(factor), whole)",
        "rewrite.test_power:test_one_unit_exchanged_in_any_group_is_refuted",
    ),
    Slip(
        "coupling.masks:Keep.touches",
        "any(",
        "all(",
        "coupling.test_masks:test_one_atom_that_loses_units_is_enough_to_be_touched",
    ),
    Slip(
        "coupling.masks:Keep.kept",
        "self.counts.get(a,",
        "(lambda _, d: d)(a,",
        "rewrite.test_shrink:test_sizes_of_stored_tensors_under_a_mask",
    ),
    Slip(
        "rewrite.compress:_run",
        "first, last + 1",
        "first, last",
        "rewrite.test_compress:test_what_stays_is_the_cross_product_of_the_indices",
    ),
    Slip(
        "rewrite.compress:compress",
        "np.take(values, scattered[axis], axis)",
        "np.take(values, scattered[axis][::-1], axis)",
        CUT,
    ),
    Slip(
        "rewrite.compress:_cost", "runs * CHUNK", "0", "rewrite.test_compress:test_rows_are_worth_a_little_more_to_copy"
    ),
    Slip("rewrite.lengths:_remap", "np.arange(len(order))", "np.arange(len(order)) + 1", COUNTED),
    Slip("rewrite.lengths:_set_operand", "len(old.outputs) == 1", "True", COPIED),
    Slip(
        "rewrite.lengths:_own_maker",
        "len(made.outputs) == 1",
        "True",
        "rewrite.test_lengths:test_a_target_put_together_for_two_nodes_is_copied_for_one",
    ),
    Slip(
        "rewrite.lengths:_set_attribute",
        "o if n is None else n",
        "o",
        "rewrite.test_lengths:test_the_list_of_an_attribute",
    ),
    Slip(
        "rewrite.lengths:_set_attribute",
        "node.attrs[name] = fresh[0]",
        "pass",
        "rewrite.test_lengths:test_a_group_of_a_convolution",
    ),
    Slip(
        "rewrite.lengths:refill",
        "binding.node.attrs.update",
        "dict",
        "rewrite.test_lengths:test_a_default_that_hangs_on_a_length_is_written_out",
    ),
    Slip("rewrite.lengths:_lengths", "v if n is None else n", "v", "rewrite.test_lengths:test_the_target_of_a_reshape"),
    Slip("rewrite.shrink:_compress", "site.axis]", "0]", CUT),
    Slip(
        "rewrite.shrink:_cut_tap",
        "keep.indices(term)",
        "keep.indices(term)[::-1]",
        "rewrite.test_shrink:test_a_shared_table_is_cut_for_each_use_along_several_axes",
    ),
    Slip(
        "rewrite.shrink:_update_shapes",
        "_reshape(tensor, axes, keep)",
        "pass",
        "rewrite.test_shrink:test_shapes_of_computed_tensors_follow",
    ),
    Slip("rewrite.fill:fill", "nodes.constant(mask)", "nodes.constant(~mask)", SUMMED),
    Slip("rewrite.fill:_multiplied", "if not value", "if True", "rewrite.test_mask:test_masking_by_arithmetic"),
    Slip(
        "rewrite.fill:neutral",
        "(node.op, i) in ZERO_POINTS",
        "False",
        "rewrite.test_mask:test_a_quantised_operand_is_masked_with_its_zero_point",
    ),
    Slip("rewrite.fill:_aligned", "-axis - 1", "-axis", "rewrite.test_mask:test_a_zero_point_for_every_row"),
    Slip(
        "rewrite.mask:_mask",
        "or not stored",
        "",
        "rewrite.test_mask:test_both_operands_of_a_product_of_computed_tensors",
    ),
    Slip("rewrite.veil:_spread", "keep.mask(term)", "(1 - keep.mask(term))", SUMMED),
    Slip(
        "rewrite.mask:consumed",
        "inexact(binding, keep) | losing(binding, keep)",
        "inexact(binding, keep)",
        "rewrite.test_mask:test_consumers_are_told_with_their_groups",
    ),
]

REFUTED, ALLOWED = (
    "runtime.test_verify:test_another_function_is_refuted_with_the_tensor_and_the_error",
    "runtime.test_verify:test_a_small_difference_is_seen_and_a_smaller_one_allowed",
)
TOLD = "runtime.test_verify:test_every_required_tensor_must_have_been_told_once"
NOISE = "runtime.test_verdict:test_noise_decides_between_difference_and_no_evidence"

PROOF = [
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

AGAIN = "pruning.test_optimize:test_a_plan_does_it_again_byte_by_byte"
TARGET = "pruning.test_optimize:test_targets_are_met_and_proved"
LEFT = "pruning.test_optimize:test_the_plan_says_what_is_left"

PLAN = [
    Slip("pruning.plan:Plan.masks", 'mask[entry["kept"]] = True', 'mask[: len(entry["kept"])] = True', AGAIN),
    Slip(
        "pruning.plan:Plan.masks",
        "group.size != entry",
        "0 and group.size != entry",
        "pruning.test_optimize:test_plans_for_other_models_are_refused",
    ),
    Slip("pruning.plan:_entry", "np.flatnonzero(mask)", "np.flatnonzero(~mask)", AGAIN),
    Slip("pruning.plan:describe", "kept.tolist()", "kept.tolist()[::-1]", LEFT),
    Slip("pruning.plan:_check_groups", "0 <= i < size", "True", "pruning.test_optimize:test_damaged_plans"),
    Slip("pruning.decide:_fit", "dense * target.fraction", "dense", TARGET),
    Slip(
        "coupling.masks:Keep.indices",
        "whole * (factor.size or 1)",
        "whole",
        "coupling.test_masks:test_units_in_an_order_of_their_own",
    ),
    Slip(
        "sparse.pattern:Pattern.mask",
        "round(sparsity * rows.shape[1])",
        "0",
        "sparse.test_pattern:test_by_rows_every_output_loses_as_much",
    ),
    Slip(
        "sparse.line:_unseen",
        "want.weight(matrix(before)",
        "want.weight(-matrix(before)",
        "sparse.test_line:test_nothing_is_run_for_weights_alone",
    ),
    Slip(
        "sparse.order:free", "not group.inexact", "True", "sparse.test_order:test_groups_whose_units_are_single_outputs"
    ),
    Slip(
        "sparse.emit:_packed", "stored.T if", "stored if", "sparse.test_emit:test_packed_behind_an_op_it_says_the_same"
    ),
    Slip(
        "pruning.optimize:_once",
        'result.proof.status == "failed"',
        "False",
        "pruning.test_optimize:test_a_wrong_rewrite_is_not_written",
    ),
    Slip("pruning.selection:Scope._allows", "_matches(names, self.protect)", "False", "pruning.test_passes:test_scope"),
    Slip(
        "pruning.selection:offers",
        "taken.setdefault(group.id, entry)",
        "taken[group.id] = entry",
        "pruning.test_passes:test_the_first_pass_to_take_a_group_has_it",
    ),
    Slip(
        "pruning.alignment:best_step",
        "math.gcd(block, widest)",
        "1",
        "pruning.test_passes:test_steps_keep_axes_multiples_of_the_block",
    ),
]

GRAPH = [
    Slip(
        "graph.sharing:split_shared",
        "len(tensor.outputs) > 1",
        "False",
        "graph.test_sharing:test_a_constant_that_is_no_weight_gets_a_copy_for_every_use",
    ),
    Slip("graph.sharing:_is_meant", "node.op in WEIGHTED", "False", "graph.test_sharing:test_weights_stay_tied"),
    Slip(
        "graph.sharing:merge_copies",
        "if same is not tensor",
        "if False",
        "graph.test_sharing:test_equal_copies_are_merged_under_the_first_name",
    ),
    Slip(
        "graph.sharing:_equal",
        "a.values.tobytes() == b.values.tobytes()",
        "True",
        "graph.test_sharing:test_copies_of_one_shape_that_became_unequal_stay_apart",
    ),
    Slip("graph.taps:insert_taps", "len(users) > 1", "False", "graph.test_taps:test_every_use_gets_one"),
    Slip(
        "graph.value_layout:even_parts",
        "-(-length // count)",
        "length // count",
        "graph.test_splits:test_a_last_part_that_is_shorter",
    ),
    Slip(
        "graph.finish:_is_pruned",
        "any(",
        "not any(",
        "graph.test_undoing:test_a_pruned_model_keeps_its_stored_lengths",
    ),
    Slip("graph.finish:finish", "_restore_splits(model)", "pass", "graph.test_splits:test_equal_parts_are_spelled_out"),
]

SLIPS = [*CRITERIA, *BUDGET, *REWRITE, *PROOF, *PLAN, *GRAPH]
