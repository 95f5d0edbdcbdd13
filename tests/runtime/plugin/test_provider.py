"""The provider on standard models, held against ONNX Runtime's own."""

import math

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import run
from tests.runtime.plugin.models import close, cpu, everything, model, noise, opened, sparse, taken

K, N = 96, 80
W, B = sparse(K, N), noise(N)

GELU = """
  a = Div(v, root)  b = Erf(a)  c = Add(b, one)  d = Mul(v, c)  y = Mul(d, half)"""
GELU_HALVED_FIRST = """
  h = Mul(v, half)  a = Mul(v, rooth)  b = Erf(a)  c = Add(b, one)  y = Mul(h, c)"""
NUMBERS = {
    name: np.array(value, np.float32)
    for name, value in [("root", 2**0.5), ("rooth", 0.5**0.5), ("one", 1), ("half", 0.5)]
}

LAYERS = {
    "MatMul": ("y = MatMul(x, W)", ["MatMul"], 18),
    "MatMul with a bias": ("v = MatMul(x, W)  y = Add(v, B)", ["Add", "MatMul"], 18),
    "bias first": ("v = MatMul(x, W)  y = Add(B, v)", ["Add", "MatMul"], 18),
    "Relu": ("u = MatMul(x, W)  v = Add(u, B)  y = Relu(v)", ["Add", "MatMul", "Relu"], 18),
    "Gelu": ("u = MatMul(x, W)  v = Add(u, B)  y = Gelu(v)", ["Add", "Gelu", "MatMul"], 20),
    "Gelu by tanh": ('v = MatMul(x, W)  y = Gelu<approximate="tanh">(v)', ["Gelu", "MatMul"], 20),
    "Gelu spelled out": ("v = MatMul(x, W)" + GELU, ["Add", "Div", "Erf", "MatMul", "Mul", "Mul"], 18),
    "Gelu halved first": ("v = MatMul(x, W)" + GELU_HALVED_FIRST, ["Add", "Erf", "MatMul", "Mul", "Mul", "Mul"], 18),
    "SiLU": ("v = MatMul(x, W)  s = Sigmoid(v)  y = Mul(v, s)", ["MatMul", "Mul", "Sigmoid"], 18),
}


def graph(body: str, rank: int = 3) -> str:
    axes = ", ".join("abc"[: rank - 1])
    return f"g (float[{axes}, {K}] x) => (float[{axes}, {N}] y) {{ {body} }}"


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_taken_whole(name):
    body, ops, opset = LAYERS[name]
    made = model(graph(body), {"W": W, "B": B, **{k: v for k, v in NUMBERS.items() if k in body}}, opset)
    x = noise(2, 5, K)
    loaded = everything(made)
    assert taken(loaded) == [ops]
    assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])


GEMMS = {
    "": W,
    "transB=1": W.T.copy(),
    "transB=1, alpha=0.5, beta=2.0": W.T.copy(),
    "alpha=-3.0": W,
}


@pytest.mark.parametrize("attributes", GEMMS)
@pytest.mark.parametrize("operands", ["x, W", "x, W, B"])
def test_gemm(attributes, operands):
    body = f"v = Gemm<{attributes}>({operands})  y = Relu(v)" if attributes else f"v = Gemm({operands})  y = Relu(v)"
    made = model(graph(body, rank=2), {"W": GEMMS[attributes], **({"B": B} if "B" in operands else {})})
    x = noise(7, K)
    loaded = everything(made)
    assert taken(loaded) == [["Gemm", "Relu"]]
    assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])


@pytest.mark.parametrize("bias", [noise(1, N), noise(1), np.array(3, np.float32)], ids=["row", "one", "scalar"])
def test_gemm_with_another_shape_of_bias(bias):
    made = model(graph("y = Gemm(x, W, B)", rank=2), {"W": W, "B": bias})
    assert taken(everything(made)) == [["Gemm"]]
    x = noise(3, K)
    assert close(run(everything(made), {"x": x})["y"], cpu(made, {"x": x})["y"])


CONVOLUTION = "g (float[b, {k}, {axes}] x) => (float[b, {n}, {axes}] y) {{ {body} }}"


@pytest.mark.parametrize(("shape", "axes"), [((3, K, 5, 7), "h, w"), ((2, K, 19), "t"), ((4, K, 1, 1), "h, w")])
@pytest.mark.parametrize("body", ["y = Conv(x, W)", "v = Conv(x, W, B)  y = Relu(v)"])
def test_pointwise_convolution(shape, axes, body):
    weights = {"W": W.T.reshape(N, K, *(1 for _ in shape[2:]))} | ({"B": B} if "B" in body else {})
    made = model(CONVOLUTION.format(k=K, n=N, axes=axes, body=body), weights)
    loaded, x = everything(made), noise(*shape)
    assert len(taken(loaded)) == 1
    assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])
    assert taken(everything(made, convolutions=0)) == []


WINDOWS = {
    "neighbours": ((3, 3), (2, 8, 9, 7), "pads=[1, 1, 1, 1]"),
    "steps": ((3, 3), (1, 8, 11, 12), "strides=[2, 3], pads=[1, 0, 2, 1]"),
    "gaps": ((2, 3), (1, 8, 12, 13), "dilations=[3, 2]"),
    "pixels left out": ((1, 1), (2, 8, 9, 9), "strides=[2, 2]"),
    "a frame of zeros": ((1, 1), (1, 8, 5, 6), "pads=[2, 1, 0, 3]"),
    "all of it": ((5, 4), (3, 8, 5, 4), ""),
    "one axis": ((5,), (2, 8, 40), "pads=[2, 2], strides=[3]"),
    "a window beside the image": ((1, 2), (1, 8, 3, 3), "pads=[0, 4, 0, 4], dilations=[1, 2]"),
}


@pytest.mark.parametrize("blocks", [(64, 1), (8, 1), (4, 1), (1, 1)], ids=lambda block: f"{block[0]}")
@pytest.mark.parametrize(("window", "shape", "how"), WINDOWS.values(), ids=WINDOWS)
def test_convolution_with_a_window(window, shape, how, blocks):
    k = 8 * math.prod(window)
    weights = {"W": sparse(k, 70, blocks, kept=0.5).T.reshape(70, 8, *window), "B": noise(70)}
    axes = ", ".join(f"a{i}" for i in range(len(window)))
    how = f"<{how}>" if how else ""
    made_of = f"(float[b, 8, {axes}] x) => (float[b, 70, {axes.replace('a', 'c')}] y)"
    text = f"g {made_of} {{ v = Conv{how}(x, W, B)  y = Relu(v) }}"
    made, x = model(text, weights), noise(*shape)
    for threads in (1, 2):
        loaded = everything(made, threads=threads)
        assert taken(loaded) == [["Conv", "Relu"]]
        assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])


LEFT = {
    "groups": "y = Conv<group=2>(x, W)",
    "padding that is worked out": 'y = Conv<auto_pad="SAME_UPPER">(x, W)',
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_other_convolutions_are_left_to_the_cpu(body):
    k = 2 * K if "group" in body else K
    text = f"g (float[1, {k}, 4, 4] x) => (float[a, b, c, d] y) {{ {body} }}"
    assert taken(everything(model(text, {"W": W.T.reshape(N, K, 1, 1)}))) == []


def test_an_image_smaller_than_its_window_is_an_error():
    text = "g (float[1, 8, h, w] x) => (float[1, 70, a, b] y) { y = Conv(x, W) }"
    loaded = everything(model(text, {"W": sparse(72, 70, (8, 1), kept=0.5).T.reshape(70, 8, 3, 3)}))
    with pytest.raises(InputError, match="smaller than the window"):
        run(loaded, {"x": noise(1, 8, 2, 9)})


def test_a_weight_that_can_be_fed_stays_on_the_cpu():
    text = f"g (float[a, {K}] x, float[{K}, {N}] W) => (float[a, {N}] y) {{ y = MatMul(x, W) }}"
    loaded, x = everything(model(text, {"W": W})), noise(4, K)
    assert taken(loaded) == []
    assert close(run(loaded, {"x": x, "W": 2 * W})["y"], 2 * x @ W)


def test_only_weights_with_enough_zeros_are_taken():
    body = "u = MatMul(x, W)  y = MatMul(u, V)"
    text = f"g (float[a, {K}] x) => (float[a, {N}] y) {{ {body} }}"
    made = model(text, {"W": sparse(K, K, (16, 1), kept=0.05), "V": noise(K, N)})
    x = noise(5, K)
    loaded = opened(made)
    assert taken(loaded) == [["MatMul"]]
    assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])
    assert len(taken(opened(made, min_gain=0))) == 2
    assert len(taken(opened(made, min_gain=1000))) == 0
    assert len(taken(opened(made, min_gain=0, min_sparsity=0.5))) == 1


@pytest.mark.parametrize("width", [64, 32, 16, 8, 4, 1])
def test_the_width_of_blocks_can_be_said(width):
    made, x = model(graph("y = MatMul(x, W)"), {"W": W}), noise(2, 3, K)
    assert close(run(everything(made, block=width), {"x": x})["y"], x @ W)


@pytest.mark.parametrize(("name", "value"), [("min_gain", "much"), ("block", 5), ("min_sparsity", 2)])
def test_an_option_that_makes_no_sense(name, value):
    with pytest.raises(Exception, match=f"OnnxPruneExecutionProvider: the option {name}"):
        opened(model(graph("y = MatMul(x, W)"), {"W": W}), **{name: value})


def test_an_inner_value_that_is_an_output_too_is_still_there():
    text = f"g (float[a, {K}] x) => (float[a, {N}] v, float[a, {N}] y) {{ v = MatMul(x, W)  y = Relu(v) }}"
    made, x = model(text, {"W": W}), noise(3, K)
    found, expected = run(everything(made), {"x": x}), cpu(made, {"x": x})
    assert all(close(found[name], expected[name]) for name in ("v", "y"))


def test_a_weight_that_two_layers_share():
    text = (
        f"g (float[a, {K}] x) => (float[a, {N}] y) {{ u = MatMul(x, W)  r = Neg(x)  v = MatMul(r, W)  y = Mul(u, v) }}"
    )
    made, x = model(text, {"W": W}), noise(3, K)
    loaded = everything(made)
    assert len(taken(loaded)) == 2
    assert close(run(loaded, {"x": x})["y"], cpu(made, {"x": x})["y"])


def test_the_bodies_of_control_flow():
    text = f"""g (bool c, float[a, {K}] x) => (float[a, {N}] y) {{
        y = If(c) <then_branch = th () => (float[a, {N}] t) {{ t = MatMul(x, W) }},
                   else_branch = el () => (float[a, {N}] e) {{ s = MatMul(x, W)  e = Neg(s) }}> }}"""
    made, x = model(text, {"W": W}), noise(3, K)
    loaded = everything(made)
    for c in (True, False):
        feeds = {"c": np.array(c), "x": x}
        assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])
