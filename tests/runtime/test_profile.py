import tempfile

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import OpTime, by_op, profile_ops
from onnxprune.runtime.profile import op_times

GRAPH = """g (float[64,64] x) => (float[64,64] y) {
    [product] a = MatMul(x, x)
    [first] b = Sigmoid(a)
    [second] y = Sigmoid(b)
}"""


def event(name, ts, dur, op=None, tid=1):
    return {"name": name, "ts": ts, "dur": dur, "tid": tid, "args": {"op_name": op} if op else {}}


def test_every_node_is_timed(save, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    feeds = {"x": np.ones((64, 64), np.float32)}
    times = profile_ops(save(GRAPH), feeds, runs=2, optimize=False)
    assert {(time.op, time.name) for time in times} == {
        ("MatMul", "product"),
        ("Sigmoid", "first"),
        ("Sigmoid", "second"),
    }
    assert [t.seconds for t in times] == sorted((t.seconds for t in times), reverse=True)
    assert times[0].seconds > 0
    totals = by_op(times)
    assert set(totals) == {"MatMul", "Sigmoid"}
    assert sum(totals.values()) == pytest.approx(sum(time.seconds for time in times))
    assert list(scratch.iterdir()) == []


def test_runs_are_averaged_and_the_warm_up_left_out():
    events = [
        event("model_run", 0, 1000),
        event("a_kernel_time", 10, 900, "Conv"),
        event("model_run", 2000, 50),
        event("a_kernel_time", 2010, 10, "Conv"),
        event("b_kernel_time", 2020, 4, "Relu"),
        event("model_run", 3000, 50),
        event("a_kernel_time", 3010, 20, "Conv"),
        event("SequentialExecutor::Execute", 3000, 50),
    ]
    times = op_times(events, warmup=1)
    assert [(time.op, time.name) for time in times] == [("Conv", "a"), ("Relu", "b")]
    assert [time.seconds for time in times] == pytest.approx([15e-6, 2e-6])


def test_what_a_provider_compiled_counts_for_the_provider():
    name = "OnnxPruneExecutionProvider_13101653946504293720_3"
    events = [event("model_run", 0, 9), event(f"{name}_0_kernel_time", 1, 5, name), event("b_kernel_time", 7, 1, "Add")]
    assert [(time.op, time.name) for time in op_times(events)] == [
        ("OnnxPruneExecutionProvider", f"{name}_0"),
        ("Add", "b"),
    ]


def test_a_body_is_not_counted_twice():
    events = [
        event("model_run", 0, 100),
        event("if_kernel_time", 10, 50, "If"),
        event("conv_kernel_time", 15, 30, "Conv"),
        event("loop_kernel_time", 46, 10, "Loop"),
        event("add_kernel_time", 47, 4, "Add"),
        event("relu_kernel_time", 60, 7, "Relu"),
        event("other_kernel_time", 12, 5, "Other", tid=2),
    ]
    assert {time.name: round(time.seconds * 1e6) for time in op_times(events)} == {
        "if": 10,
        "conv": 30,
        "loop": 6,
        "add": 4,
        "relu": 7,
        "other": 5,
    }


def test_nodes_of_a_subgraph_are_timed(save):
    text = """g (bool c, float[4] x) => (float[4] y) {
        [choice] y = If (c) <
            then_branch = t () => (float[4] p) { [inner] p = Relu(x) },
            else_branch = e () => (float[4] q) { q = Neg(x) }
        >
    }"""
    feeds = {"c": np.array(True), "x": np.ones(4, np.float32)}
    times = profile_ops(save(text), feeds, runs=1, optimize=False)
    assert {"choice", "inner"} <= {time.name for time in times}
    assert "Neg" not in by_op(times)


def test_only_what_the_optimizer_leaves_is_timed(save):
    path = save("g (float[4] x) => (float[4] y) { a = Relu(x)  b = Identity(a)  y = Neg(b) }")
    feeds = {"x": np.ones(4, np.float32)}
    assert set(by_op(profile_ops(path, feeds, runs=1))) == {"Relu", "Neg"}
    assert set(by_op(profile_ops(path, feeds, runs=1, optimize=False))) == {"Relu", "Identity", "Neg"}


def test_by_op_sums_and_sorts():
    times = [OpTime("Relu", "a", 1.0), OpTime("Conv", "b", 5.0), OpTime("Relu", "c", 2.0)]
    assert list(by_op(times).items()) == [("Conv", 5.0), ("Relu", 3.0)]


def test_errors(save):
    with pytest.raises(InputError, match="at least 1 run, not 0"):
        profile_ops(save(GRAPH), {"x": np.ones((64, 64), np.float32)}, runs=0)
    with pytest.raises(InputError, match="could not run"):
        profile_ops(save(GRAPH), {"x": np.ones((64, 65), np.float32)})
    assert op_times([]) == []
