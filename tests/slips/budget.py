"""Slips of budgets: alignment, floors, targets, costs."""

from __future__ import annotations

from tests.slips.slip import Slip

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

SLIPS = [
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
