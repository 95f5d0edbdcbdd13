"""Parts of a model, run on many calls: side by side as one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from onnxprune.calibration import Part
from onnxprune.errors import InputError
from onnxprune.runtime import Feeds
from tests.oracle import build

NET = """agraph (float[n,3] x) => (float[n,2] y)
<float[3,2] w>
{
  y = MatMul(x, w)
}"""


def _calls(count: int) -> list[Feeds]:
    random = np.random.default_rng(0)
    return [{"x": random.standard_normal((2, 3)).astype(np.float32), "unread": np.zeros(1)} for _ in range(count)]


@pytest.mark.parametrize(("threads", "count"), [(1, 5), (2, 1), (2, 7), (3, 2), (4, 0)])
def test_every_call_in_order(threads: int, count: int) -> None:
    model, calls = build(NET).SerializeToString(), _calls(count)
    part, alone = Part(model, threads, count), Part(model, 1)
    made = list(part.each(iter(calls)))
    assert len(made) == count
    for one, feeds in zip(made, calls, strict=True):
        np.testing.assert_array_equal(one["y"], alone(feeds)["y"])


def test_no_more_calls_are_made_than_soon_needed() -> None:
    taken = 0

    def source() -> Iterator[Feeds]:
        nonlocal taken
        for feeds in _calls(50):
            taken += 1
            yield feeds

    made = Part(build(NET).SerializeToString(), 2, 50).each(source())
    next(made)
    assert taken <= 3


def test_a_call_that_fails_says_so() -> None:
    part = Part(build(NET).SerializeToString(), 2, 3)
    good, bad = _calls(1)[0], {"x": np.zeros((2, 4), np.float32)}
    with pytest.raises(InputError, match="could not run"):
        list(part.each([good, bad, good]))
