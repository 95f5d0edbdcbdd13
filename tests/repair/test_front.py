"""A model that is run once, bit by bit, makes what it makes as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.graph import Parts, from_proto, normalize
from onnxprune.repair import front
from onnxprune.repair.front import Front
from tests.oracle import build

NET = """agraph (float[n,4] x) => (float[n,4] y) <float[4,4] a, float[4,4] b, float[4,4] c>
{ h = MatMul(x, a)  r = Relu(h)  k = MatMul(r, b)  s = Add(k, x)  t = Tanh(s)  m = MatMul(t, c)  y = Add(m, r) }"""
NAMES = ("x", "r", "t", "m")


def _parts() -> Parts:
    return Parts(normalize(from_proto(build(NET))))


def _calls(*rows: int) -> list[dict[str, np.ndarray]]:
    return [{"x": np.random.default_rng(i).standard_normal((n, 4), np.float32)} for i, n in enumerate(rows)]


def _whole(parts: Parts, name: str, calls: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
    return Front(parts, [name], calls, 1).advance(name)


@pytest.mark.parametrize("rows", [(3, 3), (1, 5, 2)])
def test_every_tensor_is_what_the_whole_makes(rows: tuple[int, ...]) -> None:
    calls = _calls(*rows)
    run = Front(_parts(), NAMES, calls, 1)
    for name in NAMES:
        expected = [call["x"] for call in calls] if name == "x" else _whole(_parts(), name, calls)
        for found, wanted in zip(run.advance(name), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_what_has_been_run_is_not_run_again() -> None:
    """A weight that changes behind the front changes nothing; one in front of it does."""
    parts, calls = _parts(), _calls(2)
    run = Front(parts, NAMES, calls, 1)
    before = run.advance("r")[0]
    parts.store("a", np.zeros((4, 4), np.float32))
    parts.store("b", np.zeros((4, 4), np.float32))
    np.testing.assert_array_equal(run.advance("r")[0], before)
    np.testing.assert_allclose(run.advance("t")[0], np.tanh(calls[0]["x"]), rtol=1e-6)


def test_calls_go_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(*[3] * 9)
    monkeypatch.setattr(front, "BYTES", 5 * 2 * 3 * 4 * 4)  # two tensors of three rows each
    run = Front(_parts(), NAMES, calls, 1)
    assert len(run.advance("r")) == len(run.calls) == len(run.advance("t")) == 5
    monkeypatch.setattr(front, "BYTES", 1)
    run.advance("m")
    assert len(run.calls) == 4
