"""Slips of normalisation, and of what undoes it."""

from __future__ import annotations

from tests.slips.slip import Slip

SLIPS = [
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
