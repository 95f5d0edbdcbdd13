"""Eigenvalues without some rows are foreseen."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.criteria.eigenvalues import without
from onnxprune.criteria.spectrum import differences


@pytest.mark.parametrize(("rows", "columns"), [(30, 12), (12, 30), (8, 8)])
def test_without_one_row(rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    weight = random.standard_normal((rows, columns)) * random.uniform(0.2, 3, rows)[:, None]
    wide = rows <= columns
    values, vectors = np.linalg.eigh(weight @ weight.T if wide else weight.T @ weight)
    found = without(values, (vectors if wide else weight @ vectors) ** 2, 1, wide)
    for row in range(rows):
        rest = np.delete(weight, row, axis=0)
        exact = np.linalg.eigvalsh(rest @ rest.T if wide else rest.T @ rest)
        assert np.abs(found[row] - exact).mean() < 0.08 * np.diff(values).mean()


def test_rows_at_right_angles() -> None:
    """Nothing but the removed value changes; equal values and a value of zero are no trouble."""
    values = np.array([0.0, 1, 1, 4])
    np.testing.assert_allclose(without(values, np.eye(4), 1, True), [[1, 1, 4], [0, 1, 4], [0, 1, 4], [0, 1, 1]])
    np.testing.assert_allclose(without(values[2:], np.diag([1.0, 4]), 1, False), [[0, 4], [0, 1]], atol=0.01)
    np.testing.assert_allclose(without(values, np.eye(4)[1:3].sum(0)[None], 2, True), [[0, 4]])


def test_differences_of_distributions() -> None:
    """Of 1, 2, 4: half of 1, 4 is at most 1, a third of all; without 4, 1 and 2 make up all rather than two thirds."""
    largest, mean = differences(np.array([1.0, 2, 4]), np.array([[1.0, 4], [1, 2]]))
    np.testing.assert_allclose(largest, [1 / 6, 1 / 3])
    # halfway up every step: 1/4 and 3/4 against 1/6 and 5/6, or 1/6 and 1/2
    np.testing.assert_allclose(mean, [1 / 12, (1 / 12 + 1 / 4) / 2])
