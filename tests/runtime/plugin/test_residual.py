"""Sums behind a layer, and the Reshapes that ONNX Runtime puts around one: part of the provider's node."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from onnxprune.errors import InputError
from onnxprune.runtime import run
from tests.runtime.plugin.models import close, cpu, everything, model, noise, sparse, taken

K, N = 72, 80
WEIGHTS = {"W": sparse(K, N), "V": sparse(K, N, (8, 1), seed=1), "B": noise(N)}

SUMS = {
    "a bias and a residual": ("u = MatMul(x, W)  v = Add(u, B)  y = Add(v, r)", ["Add", "Add", "MatMul"]),
    "the residual first": ("u = MatMul(x, W)  y = Add(r, u)", ["Add", "MatMul"]),
    "spelled as Sum": ("u = MatMul(x, W)  v = Add(u, B)  y = Sum(r, v)", ["Add", "MatMul", "Sum"]),
    "behind an activation": ("u = MatMul(x, W)  v = Relu(u)  y = Add(v, r)", ["Add", "MatMul", "Relu"]),
    "in front of an activation": ("u = MatMul(x, W)  v = Add(u, r)  y = Relu(v)", ["Add", "MatMul", "Relu"]),
    "in front of SiLU": (
        "u = MatMul(x, W)  v = Add(u, B)  w = Add(r, v)  s = Sigmoid(w)  y = Mul(s, w)",
        ["Add", "Add", "MatMul", "Mul", "Sigmoid"],
    ),
    "read by others too": ("u = MatMul(x, W)  v = Add(u, r)  s = Neg(v)  y = Mul(s, v)", ["Add", "MatMul"]),
}


def graph(body: str) -> str:
    return f"g (float[a, b, {K}] x, float[a, b, {N}] r) => (float[a, b, {N}] y) {{ {body} }}"


def made_of(body: str, names: str = "W", opset: int = 18) -> bytes:
    return model(graph(body), {name: WEIGHTS[name] for name in (*names, *("B" if "B)" in body else ""))}, opset)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", SUMS)
def test_a_sum_is_taken(name, threads):
    body, ops = SUMS[name]
    made, feeds = made_of(body), {"x": noise(3, 20, K), "r": noise(3, 20, N, seed=2)}
    loaded = everything(made, threads=threads)
    assert taken(loaded) == [ops]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_two_products_of_which_each_could_take_the_sum():
    text = f"""g (float[a, b, {K}] x, float[a, b, {K}] z) => (float[a, b, {N}] y) {{
        u = MatMul(x, W)  v = MatMul(z, V)  y = Add(u, v) }}"""
    feeds = {"x": noise(2, 9, K), "z": noise(2, 9, K, seed=2)}
    made = model(text, {name: WEIGHTS[name] for name in "WV"})
    loaded = everything(made)
    assert sorted(taken(loaded)) == [["Add", "MatMul"], ["MatMul"]]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_a_sum_of_two_products_of_one_tensor():
    text = f"g (float[a, {K}] x) => (float[a, {N}] y) {{ u = MatMul(x, W)  v = MatMul(x, V)  y = Add(u, v) }}"
    made, feeds = model(text, {name: WEIGHTS[name] for name in "WV"}), {"x": noise(9, K)}
    assert close(run(everything(made), feeds)["y"], cpu(made, feeds)["y"])


def test_siblings_of_which_one_adds_what_it_reads():
    square = {"P": sparse(N, N), "Q": sparse(N, 48, seed=1)}
    text = f"""g (float[a, b, {N}] x) => (float[a, b, {N}] y, float[a, b, 48] z) {{
        u = MatMul(x, P)  y = Add(u, x)  z = MatMul(x, Q) }}"""
    made, feeds = model(text, square), {"x": noise(2, 9, N)}
    loaded, expected = everything(made), cpu(made, feeds)
    assert taken(loaded) == [["Add", "MatMul", "MatMul"]]
    assert all(close(made_of_it, expected[name]) for name, made_of_it in run(loaded, feeds).items())


@pytest.mark.parametrize("shape", [(9, N), (1, N), (N,), (9, 1), (1,)])
@pytest.mark.parametrize("how", ["", "alpha=2.0, transB=1"])
def test_gemm_with_a_third_operand_that_is_computed(how, shape):
    axes = ", ".join(str(length) for length in shape)
    attributes = f"<{how}>" if how else ""
    text = f"""g (float[a, {K}] x, float[{axes}] r) => (float[a, {N}] y) {{
        s = Neg(r)  u = Gemm{attributes}(x, W, s)  y = Relu(u) }}"""
    made = model(text, {"W": WEIGHTS["W"].T.copy() if how else WEIGHTS["W"]})
    loaded, feeds = everything(made), {"x": noise(9, K), "r": noise(*shape, seed=2)}
    assert taken(loaded) == [["Gemm", "Relu"]]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_gemm_with_a_factor_of_its_third_operand_is_left():
    text = f"g (float[a, {K}] x, float[a, {N}] r) => (float[a, {N}] y) {{ y = Gemm<beta=2.0>(x, W, r) }}"
    assert taken(everything(model(text, {"W": WEIGHTS["W"]}))) == []


LEFT = {
    "made of the product": "u = MatMul(x, W)  s = Neg(u)  v = Add(u, s)  y = Add(v, r)",
    "of three": "u = MatMul(x, W)  y = Sum(u, r, r)",
    "the product itself": "u = MatMul(x, W)  v = Add(u, u)  y = Mul(v, r)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_a_sum_with_what_the_product_makes_is_left(body):
    made, feeds = made_of(body), {"x": noise(2, 3, K), "r": noise(2, 3, N)}
    loaded = everything(made)
    assert taken(loaded) == [["MatMul"]]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


SHAPES = st.sampled_from([(4, 5, N), (1, 5, N), (4, 1, N), (5, N), (N,), (1,), (4, 5, 1), (5, 1), (2, 4, 5, N)])


@given_settings(max_examples=25)
@given(SHAPES, st.booleans(), st.booleans())
def test_a_sum_of_other_shapes(shape, turned, sum_first):
    axes = ", ".join(f"r{i}" for i in range(len(shape)))
    result = ", ".join(f"y{i}" for i in range(max(3, len(shape))))
    total = "Add(r, v)" if turned else "Add(v, r)"
    body = f"v = MatMul(x, W)  s = {total}  y = Relu(s)" if sum_first else f"u = MatMul(x, W)  v = Relu(u)  y = {total}"
    text = f"g (float[a, b, {K}] x, float[{axes}] r) => (float[{result}] y) {{ {body} }}"
    made, feeds = model(text, {"W": WEIGHTS["W"]}), {"x": noise(4, 5, K), "r": noise(*shape, seed=2)}
    loaded = everything(made)
    assert taken(loaded) == [["Add", "MatMul", "Relu"]]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_a_product_that_is_one_row_for_many():
    made, feeds = made_of("u = MatMul(x, W)  y = Add(u, r)"), {"x": noise(1, 1, K), "r": noise(4, 5, N)}
    assert close(run(everything(made), feeds)["y"], cpu(made, feeds)["y"])


def test_shapes_that_cannot_be_added_are_an_error():
    loaded = everything(made_of("u = MatMul(x, W)  y = Add(u, r)"))
    with pytest.raises(InputError, match=r"tensors of shapes \[2, 3, 80\] and \[2, 4, 80\] can't be added"):
        run(loaded, {"x": noise(2, 3, K), "r": noise(2, 4, N)})


CONVOLUTIONS = {
    "a bottleneck's last": ((1, 1), (2, 24, 7, 9), (2, 70, 7, 9), ""),
    "neighbours": ((3, 3), (2, 8, 9, 7), (2, 70, 9, 7), "pads=[1, 1, 1, 1]"),
    "an axis": ((5,), (3, 8, 40), (3, 70, 36), ""),
    "one pixel": ((1, 1), (4, 24, 1, 1), (4, 70, 1, 1), ""),
    "all of an image": ((3, 4), (2, 8, 3, 4), (2, 70, 1, 1), ""),
    "a number for every plane": ((1, 1), (2, 24, 7, 9), (1, 70, 1, 1), ""),
    "one image for all": ((1, 1), (2, 24, 7, 9), (70, 7, 9), ""),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("block", [64, 8, 1])
@pytest.mark.parametrize(("window", "shape", "added", "how"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_residual_connection_of_convolutions(window, shape, added, how, block, threads):
    k = shape[1] * math.prod(window)
    weight = sparse(k, 70, (block, 1), kept=0.5).T.reshape(70, shape[1], *window)
    axes, out = (", ".join(f"{letter}{i}" for i in range(len(window))) for letter in "ac")
    lengths = ", ".join(str(length) for length in added)
    attributes = f"<{how}>" if how else ""
    given = f"float[b, {shape[1]}, {axes}] x, float[{lengths}] r"
    text = f"""g ({given}) => (float[b, 70, {out}] y, float[b, 70, {out}] z) {{
        u = Conv{attributes}(x, W, B)  v = Add(u, r)  y = Relu(v)
        s = Conv{attributes}(x, W)  t = Relu(s)  z = Add(t, r) }}"""
    made = model(text, {"W": weight, "B": noise(70)})
    feeds, loaded = {"x": noise(*shape), "r": noise(*added, seed=2)}, everything(made, threads=threads)
    assert taken(loaded) == [["Add", "Conv", "Relu"]] * 2
    found, expected = run(loaded, feeds), cpu(made, feeds)
    assert all(close(found[name], expected[name]) for name in expected)


FEED_FORWARD = f"""g (float[2, 6, {K}] x) => (float[2, 6, {K}] y) {{
    u = MatMul(x, W)  v = Add(u, B)
    a = Div(v, root)  b = Erf(a)  c = Add(b, one)  d = Mul(half, c)  h = Mul(v, d)
    o = MatMul(h, U)  p = Add(o, C)  s = Add(p, x)
    y = LayerNormalization(s, G, H) }}"""


def test_a_block_as_torch_writes_it():
    numbers = {"root": 2**0.5, "one": 1.0, "half": 0.5}
    made = model(
        FEED_FORWARD,
        {name: WEIGHTS[name] for name in "WB"}
        | {"U": sparse(N, K), "C": noise(K), "G": noise(K), "H": noise(K)}
        | {name: np.array(value, np.float32) for name, value in numbers.items()},
    )
    feeds, loaded = {"x": noise(2, 6, K)}, everything(made)
    first, second = sorted(taken(loaded), key=len)
    assert first[-1] == "Reshape" and "Add" in first  # the product of the residual; shapes are fixed: a Gemm
    assert second.count("Mul") == 2 and "Erf" in second
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_a_reshape_that_works_lengths_out_is_left():
    text = f"g (float[a, b, {K}] x) => (float[c, d, {N}] y) {{ u = MatMul(x, W)  y = Reshape(u, S) }}"
    made = model(text, {"W": WEIGHTS["W"], "S": np.array([0, -1, N])})
    feeds, loaded = {"x": noise(2, 3, K)}, everything(made)
    assert taken(loaded) == [["MatMul"]]
    assert close(run(loaded, feeds)["y"], cpu(made, feeds)["y"])


def test_a_reshape_that_does_not_fit_is_an_error():
    text = f"g (float[a, {K}] x) => (float[2, 3, {N}] y) {{ u = MatMul(x, W)  y = Reshape(u, S) }}"
    loaded = everything(model(text, {"W": WEIGHTS["W"], "S": np.array([2, 3, N])}))
    assert run(loaded, {"x": noise(6, K)})["y"].shape == (2, 3, N)
    with pytest.raises(InputError, match=r"\[5, 80\] can't be reshaped to \[2, 3, 80\]"):
        run(loaded, {"x": noise(5, K)})
