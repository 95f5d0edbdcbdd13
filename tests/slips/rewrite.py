"""Slips of masks, and of rewriting."""

from __future__ import annotations

from tests.slips.slip import Slip

CUT, COPIED = (
    "rewrite.test_shrink:test_every_tensor_of_a_group_keeps_the_same_units",
    "rewrite.test_lengths:test_a_constant_that_two_nodes_read_changes_for_one",
)
COUNTED = "rewrite.test_lengths:test_indices_are_counted_among_those_that_stay"
SUMMED = "rewrite.test_mask:test_what_is_pruned_counts_nothing_where_it_is_summed"

SLIPS = [
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
