import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.coupling.ops.runs import Run, Size, runs


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([2, 6], [2, 2, 3], [([0], [0]), ([1], [1, 2])]),
        ([2, 2, 3], [2, 6], [([0], [0]), ([1, 2], [1])]),
        ([4, 6], [8, 3], [([0, 1], [0, 1])]),
        ([4, 3, 5, 6], [12, 30], [([0, 1], [0]), ([2, 3], [1])]),
        ([1, 6], [6], [([0, 1], [0])]),
        ([6, 1], [6], [([0], [0]), ([1], [])]),
        ([6], [6, 1, 1], [([0], [0]), ([], [1, 2])]),
        ([], [1], [([], [0])]),
        ([1], [], [([0], [])]),
        ([], [], []),
        (["b", 6], ["b", 2, 3], [([0], [0]), ([1], [1, 2])]),
        (["b", "s", 6], [None, 6], [([0, 1], [0]), ([2], [1])]),
        ([None, 6], [None, 2, 3], [([0], [0]), ([1], [1, 2])]),
        ([None, 6, "w"], [None, 2, 3, "w"], [([0], [0]), ([1], [1, 2]), ([2], [3])]),
        ([4, None, 6], [2, 2, None, 3, 2], [([0], [0, 1]), ([1], [2]), ([2], [3, 4])]),
        ([None, 6], [None, 4], [([0, 1], [0, 1])]),
        (["b", 8, "s"], ["s", 8, "b"], [([0, 1, 2], [0, 1, 2])]),
        ([0, 4], [0, 7], [([0], [0]), ([1], [1])]),
    ],
)
def test_runs(left: list[Size], right: list[Size], expected: list[Run]) -> None:
    assert runs(left, right) == expected


@given(st.lists(st.integers(1, 6), max_size=4), st.lists(st.integers(1, 6), max_size=4))
@settings(deadline=None, derandomize=True)
def test_every_run_holds_the_same_elements(left: list[int], parts: list[int]) -> None:
    """Each axis is in one run, in order; where both shapes are known, all runs have equal products."""
    whole = math.prod(left)
    right = []
    for part in parts:
        if whole % part == 0:
            right.append(part)
            whole //= part
    right.append(whole)
    found = runs(left, right)
    assert [k for a, _ in found for k in a] == list(range(len(left)))
    assert [k for _, b in found for k in b] == list(range(len(right)))
    assert all(math.prod(left[k] for k in a) == math.prod(right[k] for k in b) for a, b in found)
