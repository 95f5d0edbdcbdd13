"""ThiNet: what goes is judged together with what went before."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.calibration import collect
from onnxprune.criteria import score
from tests.criteria.made import only_group, scored
from tests.filled import filled

BRANCHES = """agraph (float[1,2,3,3] x) => (float[1,4,3,3] y, float[1,2,3,3] w)
<float[6,2,1,1] a, float[4,3,1,1] b, float[2,6,1,1] c>
{ h = Conv(x, a) z = Relu(h) y = Conv <group = 2> (z, b) w = Conv(z, c) }"""


def test_thinet_adds_up_to_what_all_readers_lack() -> None:
    """A grouped convolution and another one: a unit is a channel in each group. All is positive: no rise is below 0."""
    random = np.random.default_rng(0)
    values = {"a": random.random((6, 2)), "b": random.random((4, 3)), "c": random.random((2, 6))}
    calls = [{"x": random.random((1, 2, 3, 3), np.float32)} for _ in range(2)]
    analysis, group = only_group(BRANCHES, **values)
    seen = collect(lambda: filled(BRANCHES, **values), analysis, calls, pairs=True, threads=1)
    scores = score(analysis, [group], "thinet", activations=seen)[group.id]

    units = np.arange(6) % 3
    assert group.size == 3
    read = np.concatenate([call["x"].reshape(2, -1) for call in calls], axis=1).T @ values["a"].T
    grouped = np.kron(np.eye(2), np.ones((2, 3))) * np.tile(values["b"], 2)
    total = 0.0
    for unit in np.argsort(scores):
        total += scores[unit]
        gone = scores[units] <= scores[unit]
        lacking = [
            np.mean((read[:, gone] @ w.T[gone]) ** 2) / np.mean((read @ w.T) ** 2) for w in (grouped, values["c"])
        ]
        assert total == pytest.approx(sum(lacking), rel=1e-4)


def test_thinet_takes_units_that_cancel_out_together() -> None:
    """All units say the same. The second goes first, then the first, which makes up for it, and the third at last."""
    same, weights = np.array([[1, 1, 1], [2, 2, 2]]), np.array([[3, 0], [-2, 0], [4, 0]])
    first, second, third = scored("thinet", a=same, b=weights)
    assert second < first < third
    assert first == pytest.approx(second)  # nothing is paid for it: the error falls
