"""Sessions as the oracle runs them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph.expose import computed, exposing
from onnxprune.runtime import opening
from onnxprune.runtime.draws import conditions, halved
from onnxprune.runtime.exposed import Clock, Forced
from onnxprune.runtime.opening import Fed, expose
from onnxprune.runtime.run import run

CHAIN = "g (float[2,4] x) => (float[2,4] y) { h = Neg(x) i = Exp(h) y = Tanh(i) }"
X = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


def test_tensors_inside_become_outputs(build: Callable[[str], bytes]) -> None:
    model = expose(build(CHAIN), ["i", "h"], Clock(60))
    assert [(o.name, o.shape) for o in model.get_outputs()] == [("y", [2, 4]), ("i", [2, 4]), ("h", [2, 4])]
    np.testing.assert_allclose(run(model, {"x": X})["h"], -X)


@pytest.mark.parametrize("limit", [0, 2**26])
def test_a_file_stays_as_it_is(save: Callable[..., Path], limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "COPIED_BYTES", limit)
    path = save(CHAIN)
    before = path.read_bytes()
    assert set(run(expose(path, ["h"], Clock(60)), {"x": X})) == {"y", "h"}
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_no_names_add_nothing() -> None:
    assert exposing([]) == b""


def test_a_tensor_that_is_not_there(build: Callable[[str], bytes]) -> None:
    with pytest.raises(InputError, match="could not load a model of"):
        expose(build(CHAIN), ["nowhere"], Clock(60))


def test_what_a_model_computes(build: Callable[[str], bytes], save: Callable[..., Path]) -> None:
    assert computed(build(CHAIN)) == {"x", "h", "i", "y"}
    assert computed(save(CHAIN)) == {"x", "h", "i", "y"}
    with pytest.raises(InputError, match="not an ONNX"):
        computed(b"\xff\xff\xff")


def test_weights_are_fed_and_not_shown(build: Callable[[str], bytes]) -> None:
    text = "g (float[2,4] x, float[4,3] w) => (float[2,3] y) { y = MatMul(x, w) }"
    weights = {"w": np.ones((4, 3), np.float32)}
    model = expose(Fed(build(text), lambda: weights), [], Clock(60))
    assert [v.name for v in model.get_inputs()] == ["x"]
    np.testing.assert_allclose(run(model, {"x": X})["y"], X @ weights["w"], rtol=1e-6)


def test_the_same_arrays_are_not_run_twice_in_a_row(build: Callable[[str], bytes]) -> None:
    model = expose(build(CHAIN), [], Clock(60))
    first, again, fresh = run(model, {"x": X}), run(model, {"x": X}), run(model, {"x": X.copy()})
    assert first["y"] is again["y"]
    assert fresh["y"] is not first["y"]
    np.testing.assert_array_equal(fresh["y"], first["y"])


def test_what_has_run_is_told_by_name(build: Callable[[str], bytes], tmp_path: Path) -> None:
    text = """g (float[2,4] x, bool c) => (float[2,4] y)
    { y = If (c) <then_branch = t () => (float[2,4] p) { p = Neg(x) },
                   else_branch = e () => (float[2,4] q) { q = Exp(x) }> }"""
    proto = onnx.load_from_string(build(text))
    for attribute in proto.graph.node[0].attribute:
        attribute.g.node[0].name = f"in/{attribute.name}"
    model = expose(proto.SerializeToString(), [], Clock(60), trace=tmp_path)
    run(model, {"x": X, "c": np.array(True)})
    names = model.executed()
    assert "in/then_branch" in names
    assert "in/else_branch" not in names


def test_a_forced_input_holds_its_value(build: Callable[[str], bytes]) -> None:
    text = "g (float[2,4] x, float s) => (float[2,4] y) { y = Mul(x, s) }"
    model = expose(build(text), [], Clock(60))
    forced = Forced(model, "s", 3)
    feeds = {"x": X, "s": np.float32(1) * np.ones((), np.float32)}
    np.testing.assert_allclose(run(forced, feeds)["y"], 3 * X)
    assert forced.merged(feeds)["s"] == 3
    assert [v.name for v in forced.get_inputs()] == ["x", "s"]
    assert [v.name for v in forced.get_outputs()] == ["y"]


def test_a_run_beyond_the_limit_ends(build: Callable[[str], bytes]) -> None:
    text = """g (int64 n, float[300,300] x) => (float[300,300] y) <bool go = {1}>
    { y = Loop (n, go, x) <body = b (int64 i, bool c, float[300,300] s) => (bool d, float[300,300] o)
      { d = Identity(c) o = MatMul(s, s) }> }"""
    model = expose(build(text), [], Clock(0.2))
    feeds = {"n": np.array(10**9), "x": np.zeros((300, 300), np.float32)}
    with pytest.raises(InputError, match=r"more than the 0\.2 s allowed"):
        run(model, feeds)


def test_a_clock_runs_down() -> None:
    assert Clock(0).left == 0
    assert 0 < Clock(60).left <= 60
    assert Clock(60).spent >= 0


# ------------------------------------------------------------------------------------------------- draws


def test_conditions_change_drawn_floats_only() -> None:
    feeds = {"x": X, "mask": np.ones((2, 4), np.float32), "ids": np.arange(4), "t": np.float32([0.5])}
    draws = list(conditions(feeds))
    assert len(draws) == 3
    assert draws[0]["x"] is X
    assert 0 < draws[1]["x"].min() < draws[1]["x"].max() < 1
    np.testing.assert_allclose(draws[2]["x"], 10 * X)
    assert all(d["x"].dtype == np.float32 for d in draws)
    assert all(d[name] is feeds[name] for d in draws for name in ("mask", "ids", "t"))


def test_without_floats_there_is_one_condition() -> None:
    assert len(list(conditions({"ids": np.arange(4)}))) == 1


def test_open_last_axes_are_halved(build: Callable[[str], bytes]) -> None:
    text = "g (float[2,n] x, float[2,4] w, int64[n] k) => (float[2,n] y) { y = Neg(x) }"
    inputs = expose(build(text), [], Clock(60)).get_inputs()
    feeds = {"x": np.ones((2, 7), np.float32), "w": np.ones((2, 4), np.float32), "k": np.arange(7)}
    assert {k: v.shape for k, v in halved(feeds, inputs).items()} == {"x": (2, 3), "w": (2, 4), "k": (7,)}
