"""Patterns: how they are spelled, and what stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.errors import InputError
from onnxprune.sparse import Pattern, sparsity_of

S = np.array([[5, 1, 4, 1], [2, 9, 3, 3], [8, 0, 1, 7.0]])


@pytest.mark.parametrize("text", ["16x1", "1x16", "8x8", "2:4", "1:3", "unstructured"])
def test_spelled_as_it_is_read(text: str) -> None:
    assert str(Pattern.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "16", "16x", "0x1", "4:4", "5:4", "0:2", "16X1", "9999x1", "-1x2", "1x1x1", "½x1"]
)
def test_other_spellings_are_told_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="spelled as '16x1'"):
        Pattern.parse(text)


def test_one_by_one_is_unstructured() -> None:
    assert Pattern.parse("1x1") == Pattern.parse("unstructured")


@pytest.mark.parametrize(
    ("text", "sparsity", "stays"),
    [
        ("unstructured", 0.5, [[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]),  # of both 3s the first
        ("2x1", 0.5, [[1, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0]]),  # 7 10 7 4, tail 8 0 1 7: of three 7s the first two
        ("1x2", 0.5, [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]),  # 6 5, 11 6, 8 8
        ("2:4", 0.5, [[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]),
        ("1:3", 0.5, [[1, 0, 0, 1], [0, 1, 0, 1], [1, 0, 0, 1]]),  # a tail of one keeps it
        ("2x3", 0.5, [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]]),  # 24, 4, 9, 7
        ("64x1", 0.5, [[1, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 1]]),  # 15 10 8 11
    ],
)
def test_the_largest_sums_stay(text: str, sparsity: float, stays: list[list[int]]) -> None:
    assert Pattern.parse(text).mask(S, sparsity).astype(int).tolist() == stays


def test_by_rows_every_output_loses_as_much() -> None:
    assert Pattern.parse("unstructured").mask(S, 0.75, by_rows=True).sum(axis=1).tolist() == [1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(
    text=st.sampled_from(["unstructured", "4x1", "3x2", "1x5", "2:4", "1:4", "3:20", "64x1"]),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    sparsity=st.floats(0, 1),
    seed=st.integers(0, 5),
    levels=st.sampled_from([2, 1000]),
)
def test_laws(text: str, shape: tuple[int, int], sparsity: float, seed: int, levels: int) -> None:
    """Blocks stay whole or go whole, as many as are asked for, and none that goes is better than one that stays."""
    pattern = Pattern.parse(text)
    scores = np.random.default_rng(seed).integers(0, levels, shape).astype(float)
    stays = pattern.mask(scores, sparsity)
    if pattern.kept:
        ends = [stays[:, at : at + pattern.inputs] for at in range(0, shape[1], pattern.inputs)]
        assert all((part.sum(axis=1) == min(pattern.kept, part.shape[1])).all() for part in ends)
        return
    blocks, kept = pattern.summed(scores), pattern.summed(stays.astype(float)) > 0
    assert (pattern.spread(kept, shape) == stays).all()
    assert kept.sum() == kept.size - round(sparsity * kept.size)
    assert blocks[kept].min(initial=np.inf) >= blocks[~kept].max(initial=0)


def test_the_fraction_of_zeros() -> None:
    assert sparsity_of(np.array([[0, 1], [0, 0]])) == 0.75
    assert Pattern.parse("2:4").sparsity == 0.5 and Pattern.parse("4x1").sparsity is None
