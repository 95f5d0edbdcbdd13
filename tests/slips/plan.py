"""Slips of plans, of what passes choose, and of zeros."""

from __future__ import annotations

from tests.slips.slip import Slip

AGAIN = "pruning.test_optimize:test_a_plan_does_it_again_byte_by_byte"
TARGET = "pruning.test_optimize:test_targets_are_met_and_proved"
LEFT = "pruning.test_optimize:test_the_plan_says_what_is_left"

SLIPS = [
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
        "sparse.pattern:_alike",
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
