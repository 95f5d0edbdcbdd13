from pathlib import Path

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import Patience, time_beside
from onnxprune.runtime.node_times import node_shares

GRAPH = """g (float[4,8] x) => (float[4,4] y) {
    [first] s = Sigmoid(x)
    [turn] t = Transpose<perm = [1,0]>(s)
    [second] y = MatMul(s, t)
}"""


def event(name, ts, dur, op=None, shapes=((), ())):
    args = {"op_name": op, "input_type_shape": shapes[0], "output_type_shape": shapes[1]} if op else {}
    return {"name": name, "ts": ts, "dur": dur, "tid": 1, "args": args}


def test_shares_are_medians_over_rounds_without_the_first_run():
    shapes = [{"float": [1, 2]}, {"float": [3, 2]}], [{"float": [1, 3]}]
    events = [event("model_run", 0, 900), event("a_kernel_time", 10, 800, "Gemm", shapes)]
    for run, (first, second) in enumerate([(10, 1), (20, 3), (30, 1), (10, 1), (500, 1), (700, 1)]):
        start = 1000 * (run + 1)
        events += [event("model_run", start, 900), event("a_kernel_time", start + 10, first, "Gemm", shapes)]
        events += [event("b_kernel_time", start + 600, second, "Relu")]
    found = node_shares(events, bases=[30e-6, 40e-6, 60e-6], repeats=2)
    assert [(n.op, n.name, n.inputs, n.outputs) for n in found] == [
        ("Gemm", "a", ((1, 2), (3, 2)), ((1, 3),)),
        ("Relu", "b", (), ()),
    ]
    # rounds of two runs: 15, 20 and 600 microseconds over 30, 40 and 60
    assert [n.share for n in found] == pytest.approx([0.5, 1 / 40])


def test_a_model_beside_another(save, tmp_path):
    calls = []
    ticks = iter(np.cumsum([1.0, 2.0, 3.0] * 1000).tolist())
    patience = Patience(rounds=3, least=2, max_seconds=1e9, min_seconds=0.0)
    found = time_beside(
        lambda: calls.append(1),
        save(GRAPH),
        {"x": np.ones((4, 8), np.float32)},
        patience=patience,
        clock=lambda: next(ticks),
    )
    assert len(calls) == 4  # one before, and one a round
    assert found.ratio > 0
    shapes = {n.name: (n.inputs[0], n.outputs[0]) for n in found.nodes}
    assert ((4, 8), (4, 4)) in shapes.values() and ((4, 8), (4, 8)) in shapes.values()
    assert all(n.share >= 0 for n in found.nodes)


def test_time_is_limited_but_for_the_least(save):
    seconds = iter(range(10000))
    base: list[int] = []
    patience = Patience(rounds=50, least=4, max_seconds=0.0, min_seconds=0.0)
    feeds = {"x": np.ones((4, 8), np.float32)}
    time_beside(lambda: base.append(1), save(GRAPH), feeds, patience=patience, clock=lambda: float(next(seconds)))
    assert len(base) == 1 + 4


def test_a_model_that_is_none(tmp_path: Path):
    path = tmp_path / "no.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(InputError):
        time_beside(lambda: None, path, {})
