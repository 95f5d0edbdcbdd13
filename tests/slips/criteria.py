"""Slips of criteria, and of the scale that repairs."""

from __future__ import annotations

from tests.slips.slip import Slip

BY_HAND = "criteria.test_criteria:test_by_hand"
PROJECTED = "criteria.test_criteria:test_shared_axes_are_projected"

SLIPS = [
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
