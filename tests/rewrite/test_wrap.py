"""Layers between block-diagonal matrices compute what the product of the three does, in ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from onnxprune.calibration import layers
from onnxprune.coupling import analyze
from onnxprune.graph import Model, from_proto, to_proto
from onnxprune.rewrite import Wrapped, Wrapper, as_products, sides, wrap
from onnxprune.rewrite.diagonal import whole
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from tests.oracle import build

LAYERS = {
    "rows": "agraph (float[5,16] x) => (float[] y) <float[16,24] w, float[24] u> { h = MatMul(x, w) y = Add(h, u) }",
    "tokens": "agraph (float[2,5,16] x) => (float[] y) <float[16,24] w> { y = MatMul(x, w) }",
    "open": "agraph (float[n,s,16] x) => (float[n,s,24] y) <float[16,24] w> { y = MatMul(x, w) }",
    "gemm": "agraph (float[5,16] x) => (float[] y) <float[16,24] w, float[24] u> { y = Gemm(x, w, u) }",
    "turned": """agraph (float[5,16] x) => (float[] y) <float[24,16] w, float[1] u>
        { y = Gemm<transB=1, alpha=0.5, beta=2.0>(x, w, u) }""",
    "bare": "agraph (float[5,16] x) => (float[] y) <float[24,16] w> { y = Gemm<transB=1>(x, w) }",
    "pixels": "agraph (float[2,16,5,6] x) => (float[] y) <float[24,16,1,1] w, float[24] u> { y = Conv(x, w, u) }",
    "line": "agraph (float[2,16,5] x) => (float[] y) <float[24,16,1] w> { y = Conv<strides=[2]>(x, w) }",
    "window": """agraph (float[2,16,5,6] x) => (float[] y) <float[24,16,3,3] w, float[24] u>
        { y = Conv<pads=[1,1,1,1], strides=[2,1]>(x, w, u) }""",
}


def _wrapper(inner: bool, outer: bool, size: int = 4) -> Wrapper:
    random = np.random.default_rng(3)
    a, b = (random.standard_normal((n // size, size, size)).astype(np.float32) for n in (24, 16))
    return Wrapper(a if outer else None, b if inner else None)


def _feeds(proto: onnx.ModelProto) -> dict[str, np.ndarray]:
    shape = [d.dim_value or 3 for d in proto.graph.input[0].type.tensor_type.shape.dim]
    return {"x": np.random.default_rng(1).standard_normal(shape).astype(np.float32)}


def _run(model: Model, feeds: dict[str, np.ndarray]) -> np.ndarray:
    made = to_proto(model)
    onnx.checker.check_model(made, full_check=True)
    return run(session(made.SerializeToString()), feeds)["y"]


def _product(model: Model, wrapper: Wrapper) -> None:
    """The dense weight that stands for all three, put into the layer."""
    layer = layers(analyze(model.graph, model.opsets))[0]
    weight = layer.weight()[0]
    outer = np.eye(24) if wrapper.outer is None else whole(wrapper.outer)
    inner = np.eye(16) if wrapper.inner is None else whole(wrapper.inner)
    made = np.einsum("ab,bct,cd->adt", outer, weight, inner).astype(np.float32)
    layer.stored.values = layer.like_stored(made[None])


@pytest.mark.parametrize("opset", [11, 21])
@pytest.mark.parametrize("name", LAYERS)
def test_it_is_the_product_of_the_three(name: str, opset: int) -> None:
    proto = build(LAYERS[name], opset=opset)
    for inner, outer in ((True, True), (True, False), (False, True)):
        if inner and name == "window":
            continue
        wrapper, wanted, model = _wrapper(inner, outer), from_proto(proto), from_proto(proto)
        _product(wanted, wrapper)
        found = wrap(model, {"w": wrapper})["w"]
        assert (found.inner, found.outer) == ("w/inner" * inner, "w/outer" * outer)
        made = _run(model, _feeds(proto))
        np.testing.assert_allclose(made, _run(wanted, _feeds(proto)), rtol=1e-4, atol=1e-4)
        assert np.abs(made - _run(from_proto(proto), _feeds(proto))).max() > 0.1  # blocks that did nothing would fail
        blocks = {t.name: t.values for n in model.graph.nodes for t in n.inputs if t.name in ("w/inner", "w/outer")}
        assert found.params == sum(values.size for values in blocks.values())


def test_the_core_is_put_in() -> None:
    model = from_proto(build(LAYERS["tokens"]))
    core = np.zeros((16, 24), np.float32)
    wrap(model, {"w": Wrapper(_wrapper(False, True).outer, None, core)})
    assert not _run(model, {"x": np.ones((2, 5, 16), np.float32)}).any()


def test_nothing_around_changes_nothing() -> None:
    model = from_proto(build(LAYERS["rows"]))
    assert wrap(model, {"w": Wrapper(core=np.zeros((16, 24), np.float32)), "no": _wrapper(True, True)}) == {}
    assert [node.op for node in model.graph.nodes] == ["MatMul", "Add"]


def test_what_it_costs() -> None:
    """Elements of blocks, once for every position; open lengths as they are told."""
    model = from_proto(build(LAYERS["line"]))
    assert wrap(model, {"w": _wrapper(True, True)}) == {"w": Wrapped("w/outer", "w/inner", 160, 10 * 64 + 2 * 3 * 96)}
    open_ = from_proto(build(LAYERS["open"]))
    assert wrap(open_, {"w": _wrapper(True, False)}, {"x": (2, 7, 16)})["w"].macs == 14 * 64


def test_wrapped_once_more() -> None:
    """Names are new ones."""
    model = from_proto(build(LAYERS["tokens"]))
    wrap(model, {"w": _wrapper(True, True)})
    assert wrap(model, {"w": _wrapper(True, True)})["w"].inner == "w/inner_"
    assert _run(model, {"x": np.ones((2, 5, 16), np.float32)}).shape == (2, 5, 24)


@pytest.mark.parametrize("opset", [11, 21])
@pytest.mark.parametrize("name", ["rows", "tokens", "open", "gemm", "turned"])
def test_back_to_whole_matrices(name: str, opset: int) -> None:
    proto = build(LAYERS[name], opset=opset)
    model = from_proto(proto)
    found = wrap(model, {"w": _wrapper(True, True)})["w"]
    wanted = _run(model, _feeds(proto))
    assert as_products(model, [found.inner, found.outer]) == {"w/inner": 4, "w/outer": 4}
    assert {node.op for node in model.graph.nodes} <= {"MatMul", "Gemm", "Add"}
    np.testing.assert_allclose(_run(model, _feeds(proto)), wanted, rtol=1e-4, atol=1e-4)


def test_convolutions_have_no_whole_matrix() -> None:
    model = from_proto(build(LAYERS["pixels"]))
    found = wrap(model, {"w": _wrapper(True, True)})["w"]
    assert as_products(model, [found.inner, found.outer]) == {}
    assert [node.op for node in model.graph.nodes] == ["Conv", "Conv", "Conv"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LAYERS["tokens"], (8, 8)),
        (LAYERS["window"], (8, 0)),
        (LAYERS["pixels"].replace("24", "20"), (0, 8)),
        (LAYERS["tokens"].replace("16", "18"), (8, 0)),
        ("agraph (float[16] x) => (float[] y) <float[16,24] w> { y = MatMul(x, w) }", (0, 0)),
        ("agraph (float[1,1,5,16] x) => (float[] y) <float[16,24] w> { y = MatMul(x, w) }", (0, 0)),
        ("agraph (float[16,5] x) => (float[] y) <float[24,16] w> { y = MatMul(w, x) }", (0, 0)),
        ("agraph (float[2,16,5] x) => (float[] y) <float[24,8,1] w> { y = Conv<group=2>(x, w) }", (0, 0)),
        ("agraph (float16[2,5,16] x) => (float16[] y) <float16[16,24] w> { y = MatMul(x, w) }", (0, 0)),
    ],
)
def test_what_fits(text: str, wanted: tuple[int, int]) -> None:
    model = from_proto(build(text))
    layer = layers(analyze(model.graph, model.opsets))[0]
    _, outputs, channels, _ = layer.weight().shape
    assert sides(layer, outputs, channels, 8) == wanted
    assert sides(layer, outputs, channels, 0) == (0, 0)
