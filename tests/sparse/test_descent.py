"""A sparse core between block-diagonal matrices: by hand, and never worse than what it starts from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.sparse import Pattern, Task, get, refitted
from onnxprune.sparse.descent import Factors, descend
from tests.sparse.problems import problem

TWO = Pattern.parse("2:4")


def _follows(weight: np.ndarray, pattern: Pattern) -> bool:
    there = (weight != 0).astype(float)
    return bool((pattern.mask(there, 0.5) >= there).all())


def test_outputs_that_share_what_they_keep() -> None:
    """Each output keeps the inputs that the other one lacks, and their sum is both."""
    task = Task(np.ones((2, 4)), TWO, 0.5, np.eye(4), damping=0)
    start = np.array([[1, 1, 0, 0], [0, 0, 1, 1.0]])
    assert task.loss(start) == 4
    found = descend(task, start, 2, 0)
    assert found.inner is None and found.outer is not None and found.outer.shape == (1, 2, 2)
    np.testing.assert_allclose(found.weight, np.ones((2, 4)), atol=1e-4)
    assert _follows(found.core, TWO)


def test_inputs_that_are_put_together() -> None:
    """One number of a core is enough for one output, if what it is on is the sum that is wanted."""
    task = Task(np.array([[1, 2, 3, 4.0]]), TWO, 0.5, np.eye(4), damping=0)
    found = descend(task, np.array([[0, 0, 3, 4.0]]), 0, 4)
    assert found.outer is None and found.inner is not None
    np.testing.assert_allclose(found.weight, task.target, atol=1e-3)


def test_what_is_best_already_stays() -> None:
    """Where there is nothing to gain there are no matrices."""
    task = Task(np.array([[0, 0, 3, 4.0], [1, 2, 0, 0]]), TWO, 0.5, np.eye(4), damping=0)
    found = descend(task, task.target.copy(), 2, 4)
    assert found.outer is None and found.inner is None and (found.core == task.target).all()
    assert descend(task, np.zeros((2, 4)), 0, 0).core.any() == 0


@pytest.mark.parametrize(("pattern", "sparsity"), [("2:4", 0.5), ("1:4", 0.75), ("4:8", 0.5), ("unstructured", 0.7)])
def test_it_loses_less_than_what_it_starts_from(pattern: str, sparsity: float) -> None:
    task = problem(48, 40, pattern, sparsity)
    start = refitted(get("armor").function(task), task.target, task.damped)
    found = descend(task, start, 8, 8)
    assert found.outer is not None and found.inner is not None
    assert task.loss(found.rounded().weight) < 0.9 * task.loss(start)
    assert task.pattern.kept == 0 or (task.pattern.mask(found.core != 0, sparsity) >= (found.core != 0)).all()


def test_other_places_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    task = problem(48, 40, "2:4", 0.5)
    start = refitted(get("armor").function(task), task.target, task.damped)
    free = descend(task, start, 8, 8)
    assert ((free.core != 0) != (start != 0)).any()
    monkeypatch.setattr("onnxprune.sparse.descent.moved", lambda *_: None)
    fixed = descend(task, start, 8, 8)
    assert ((fixed.core != 0) <= (start != 0)).all()
    assert task.loss(free.weight) < task.loss(fixed.weight)


def test_blocks_of_outputs_keep_their_places() -> None:
    """And have no use for a matrix behind, which would make sums of what shares its zeros."""
    task = problem(48, 40, "8x1", 0.5)
    start = refitted(get("armor").function(task), task.target, task.damped)
    found = descend(task, start, 8, 8)
    assert ((found.core != 0) <= (start != 0)).all() and task.loss(found.weight) < task.loss(start)
    alone = descend(task, start, 8, 0)
    assert task.loss(alone.weight) > 0.9999 * task.loss(start)


@pytest.mark.parametrize("given_", ["dead", "none", "zero"])
def test_what_never_varies_breaks_nothing(given_: str) -> None:
    live = problem(16, 16, "2:4", 0.5)
    gram, target = np.array(live.gram), live.target.copy()
    gram[:3], gram[:, :3], target[8:] = 0, 0, 0
    task = Task(target, live.pattern, 0.5, {"dead": gram, "none": None, "zero": np.zeros_like(gram)}[given_])
    start = get("armor").function(task)
    found = descend(task, start, 8, 8)
    assert np.isfinite(found.weight).all() and task.loss(found.weight) <= task.loss(start)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 4), st.sampled_from([2, 4, 8]), st.sampled_from(["2:4", "1:2", "4x1"]),
    st.integers(0, 99), st.booleans(), st.booleans(),
)  # fmt: skip
def test_never_worse(high: int, wide: int, size: int, pattern: str, seed: int, outer: bool, inner: bool) -> None:
    """Of any start that follows the pattern; and the product is that of the factors."""
    task = problem(8 * high, 8 * wide, pattern, 0.5, seed)
    start = get("magnitude").function(task)
    found = descend(task, start, size * outer, size * inner)
    assert task.loss(found.rounded().weight) <= task.loss(start) * (1 + 1e-6)
    there = (found.core != 0).astype(float)
    assert (task.pattern.mask(there, 0.5) >= there).all()
    np.testing.assert_allclose(found.weight, _dense(found.outer, 8 * high) @ found.core @ _dense(found.inner, 8 * wide))


def _dense(blocks: np.ndarray | None, size: int) -> np.ndarray:
    made = np.eye(size)
    for k, block in enumerate([] if blocks is None else blocks):
        made[k * len(block) : (k + 1) * len(block), k * len(block) : (k + 1) * len(block)] = block
    return made


def test_rounded_as_the_file_has_it() -> None:
    third = Factors(np.full((2, 2), 1 / 3), np.full((1, 2, 2), 1 / 3))
    made = third.rounded()
    assert made.inner is None and made.outer is not None
    near = float(np.float32(1 / 3))
    assert made.core[0, 0] == near != 1 / 3 and made.outer[0, 0, 0] == near
