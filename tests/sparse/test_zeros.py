"""Which patterns zeros follow."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.sparse import Pattern, zeros_of


@pytest.mark.parametrize("text", ["64x1", "16x1", "8x8", "4x1", "1x16", "2:4", "unstructured"])
def test_a_pattern_is_seen(text: str) -> None:
    scores = np.random.default_rng(0).random((128, 64))
    seen = zeros_of(np.where(Pattern.parse(text).mask(scores, 0.5), scores, 0))
    assert seen.follows == text and seen.sparsity == pytest.approx(0.5, abs=0.01)
    assert seen.covered[text] == pytest.approx(seen.sparsity) and seen.covered["unstructured"] == seen.sparsity


def test_no_zeros_follow_nothing() -> None:
    assert zeros_of(np.ones((4, 4))).follows == ""
    assert zeros_of(np.zeros((4, 4))).covered["2:4"] == 0.5
