"""Other places for a group's zeros: as good as trying them all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from onnxprune.sparse import Pattern, Task, refitted
from onnxprune.sparse.reselect import moved
from tests.sparse.problems import problem


def _moved(task: Task, core: np.ndarray, share: float = 1.0) -> np.ndarray | None:
    slope = (task.target - core) @ task.damped
    return moved(core, slope, np.ones(len(core)), task.damped, task.pattern, share)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pattern", ["2:4", "1:4", "3:5"])
def test_one_group_gets_the_best_mask(pattern: str, seed: int) -> None:
    parsed = Pattern.parse(pattern)
    task = problem(1, parsed.inputs, pattern, 0.5, seed)
    masks = list(combinations(range(parsed.inputs), parsed.kept))
    lost = []
    for mask in masks:
        start = np.zeros((1, parsed.inputs))
        start[0, list(mask)] = 1.0
        lost.append(task.loss(refitted(start, task.target, task.damped)))
    worst = np.zeros((1, parsed.inputs))
    worst[0, list(masks[int(np.argmax(lost))])] = 1.0
    made = _moved(task, refitted(worst, task.target, task.damped))
    assert made is not None
    assert np.flatnonzero(made[0]).tolist() == list(masks[int(np.argmin(lost))])
    assert task.loss(made) == pytest.approx(min(lost))
    assert _moved(task, made) is None


def test_an_output_of_more_weight_is_asked_by_what_it_weighs() -> None:
    """The second order of an output times its blocks' norm: the optimum on the same mask doesn't move by it."""
    task = problem(1, 4, "2:4", 0.5, 1)
    core = np.array([[1.0, 1.0, 0, 0]])
    slope = (task.target - core) @ task.damped
    once, twice = (moved(core, f * slope, np.array([f]), task.damped, task.pattern, 1.0) for f in (1.0, 2.0))
    assert once is not None and twice is not None
    np.testing.assert_allclose(once, twice)


def test_those_that_gain_most_come_first() -> None:
    task = problem(8, 32, "2:4", 0.5)
    start = refitted(np.where(np.arange(32) % 4 < 2, 1.0, 0) * np.ones((8, 1)), task.target, task.damped)
    some, every = _moved(task, start, 0.05), _moved(task, start, 1.0)
    assert some is not None and every is not None
    touched = [((made != 0) != (start != 0)).reshape(8, -1, 4).any(axis=2).sum() for made in (some, every)]
    assert 0 < touched[0] < touched[1]
    assert (task.pattern.mask(some != 0, 0.5) >= (some != 0)).all()
    assert task.loss(some) < task.loss(start)


@pytest.mark.parametrize(("pattern", "columns"), [("8x1", 16), ("2:4", 18), ("8:16", 16)])
def test_where_places_stay(pattern: str, columns: int) -> None:
    """Of blocks, of groups that are cut off at the end, of more masks than can be tried."""
    task = problem(4, columns, pattern, 0.5)
    assert _moved(task, task.target) is None
