"""Methods: each by a case computed by hand, and all by what they are for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from onnxprune.sparse import Pattern, Task, get, refitted, sparsifiers, sparsity_of
from onnxprune.sparse.support import conjugate_gradients
from tests.sparse.problems import problem

NAMES = [entry.name for entry in sparsifiers()]
LEARNED = [name for name in NAMES if get(name).looks]
PATTERNS = {"unstructured": 0.8, "2:4": 0.5, "4x1": 0.7, "16x1": 0.5, "8x8": 0.6, "1x5": 0.5}
CASES = list(PATTERNS.items())

W = np.array([[3, 2], [1, 4.0]])
G = np.array([[4, 1], [1, 1.0]])
"""What is read: its first entry varies four times as much as the second, and they go together."""

BY_HAND = {
    "magnitude": [[3, 0], [0, 4.0]],
    "wanda": [[3, 0], [0, 4.0]],  # 36, 4 and 4, 16: one of every output
    "ria": [[3, 0], [0, 4.0]],  # (3/5 + 3/4) sqrt 2, 2/5 + 2/6, (1/5 + 1/4) sqrt 2, 4/5 + 4/6
    # Column 0 first: left to itself with column 1 free to help, w0 costs 9 (4 - 1) = 27 and 3; with column 0 fixed, w1
    # costs 4 and 16. The two cheapest go: w0 of output 1, whose neighbour takes over 1 * 1/1; then w1 of output 0.
    "sparsegpt": [[3, 0], [0, 5.0]],
    "dass": [[3, 0], [0, 4.0]],  # behind no gate: as wanda
    "obert": [[3, 0], [0, 4.0]],  # without gradients: as magnitude
    "alps": [[3.5, 0], [0, 5.0]],  # the same places, and what is best for them: 3 + 2 * 1/4
    "armor": [[3.5, 0], [0, 5.0]],  # what it starts from: as alps
}


@pytest.mark.parametrize("name", NAMES)
def test_by_hand(name: str) -> None:
    task = Task(W, Pattern.parse("unstructured"), 0.5, G, damping=0)
    np.testing.assert_allclose(get(name).function(task), BY_HAND[name], rtol=1e-5)


@pytest.mark.parametrize(("pattern", "sparsity"), CASES)
@pytest.mark.parametrize("name", NAMES)
def test_zeros_are_where_the_pattern_has_them(name: str, pattern: str, sparsity: float) -> None:
    task = problem(48, 40, pattern, sparsity)
    made = get(name).function(task)
    support = (made != 0).astype(float)
    assert (task.pattern.mask(support, sparsity) >= support).all()
    assert abs(sparsity_of(made) - (task.pattern.sparsity or sparsity)) < 0.06
    assert np.isfinite(made).all()


@pytest.mark.parametrize(("pattern", "sparsity"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_looks_at_data_loses_less(pattern: str, sparsity: float, seed: int) -> None:
    """Splitting chooses best, up to a few per cent; a refit never hurts."""
    task = problem(48, 40, pattern, sparsity, seed)
    lost = {name: task.loss(get(name).function(task)) for name in NAMES}
    assert lost["alps"] < lost["sparsegpt"] < lost["magnitude"] and lost["wanda"] < lost["magnitude"]
    again = {name: task.loss(refitted(get(name).function(task), task.target, task.damped)) for name in NAMES}
    assert all(again[name] <= lost[name] * (1 + 1e-9) for name in NAMES)
    assert again["alps"] <= 1.03 * min(again.values())


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5])
def test_the_best_of_all_choices(seed: int) -> None:
    """One output of eight inputs, four of which stay: all 70 supports are tried."""
    task = problem(1, 8, "unstructured", 0.5, seed)
    supports = (np.isin(np.arange(8), chosen)[None] for chosen in combinations(range(8), 4))
    best = min(task.loss(refitted(np.where(s, task.target, 0), task.target, task.damped)) for s in supports)
    assert task.loss(get("alps").function(task)) == pytest.approx(best)


@pytest.mark.parametrize("pattern", ["unstructured", "16x1"])
def test_solved_on_the_support(pattern: str) -> None:
    """The gradient is zero where weights stay, exactly or by conjugate gradients; zeros stay zeros."""
    task = problem(32, 24, pattern, 0.5)
    start = get("magnitude").function(task)
    slow = conjugate_gradients(start, task.target, task.damped, steps=200)
    fast = refitted(start, task.target, task.damped)
    np.testing.assert_allclose(slow, fast, atol=1e-3)
    gradient = np.where(start != 0, (fast - task.target) @ task.damped, 0)
    assert np.abs(gradient).max() < 1e-9 and not fast[start == 0].any()


@pytest.mark.parametrize("name", LEARNED)
def test_what_never_varies_breaks_nothing(name: str) -> None:
    dead = problem(16, 12, "4x1", 0.5)
    gram = np.array(dead.gram)
    gram[:3], gram[:, :3] = 0, 0
    for given in (gram, np.zeros_like(gram), None):
        made = get(name).function(Task(dead.target, dead.pattern, 0.5, given))
        assert np.isfinite(made).all() and 0.4 < sparsity_of(made) < 0.6


def test_all_of_them_have_a_case() -> None:
    assert set(BY_HAND) == set(NAMES)
