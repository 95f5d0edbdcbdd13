"""What ONNX Runtime laid out in blocks of channels becomes a plain graph that computes the same.

The optimiser runs in the test, so that blocks are those of the processor at hand.
"""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from onnxprune.graph import Model, Unclear, from_proto, graphs, has_blocks, load, save, unblock
from onnxprune.runtime import run, runnable_inputs, session
from onnxprune.runtime.plain import block_size
from tests.graph.helpers import in_blocks, laid_out, model, noise, ops, with_weights

FIRST = "g (float[1,3,9,9] x) => (float[i,j,k,l] y) { h = Conv (x, a, p) y = Conv (h, b, q) }"
DEPTHWISE = (
    "g (float[1,3,9,9] x) => (float[i,j,k,l] y) { h = Conv (x, a) k = Conv <group = 20> (h, b, q) y = Conv (k, c) }"
)
GROUPED = "g (float[1,3,9,9] x) => (float[i,j,k,l] y) { h = Conv (x, a) y = Conv <group = 2> (h, b, q) }"
RESIDUAL = """g (float[1,3,9,9] x) => (float[i,j,k,l] y)
{ h = Conv (x, a) k = Conv <pads = [1,1,1,1]> (h, b, q) s = Add (k, h) r = Relu (s) y = Conv (r, c) }"""
ACTIVATIONS = """g (float[1,3,9,9] x) => (float[i,j,k,l] y) <float low = {-0.1}, float high = {0.5}>
{ h = Conv (x, a) r = Relu (h) k = Conv (r, b) l = LeakyRelu <alpha = 0.3> (k) m = Conv (l, b2) n = Clip (m, low, high)
  o = Conv (n, b3) s = Sigmoid (o) t = Conv (s, b4) u = Tanh (t) v = Conv (u, b5) w = HardSigmoid <alpha = 0.3> (v)
  y = Conv (w, c) }"""
POOLS = """g (float[1,3,19,19] x) => (float[i,j,k,l] y, float[i,j,k,l] z)
{ h = Conv (x, a) k = MaxPool <kernel_shape = [3,3], strides = [2,2], pads = [1,1,1,1], ceil_mode = 1> (h)
  l = AveragePool <kernel_shape = [2,2], count_include_pad = 1, pads = [0,0,1,1]> (k) m = Conv (l, b)
  y = GlobalMaxPool (m) z = GlobalAveragePool (m) }"""
CONCAT = """g (float[1,3,9,9] x) => (float[i,j,k,l] y)
{ h = Conv (x, a) k = Conv (x, b) j = Concat <axis = 1> (h, k) y = Conv (j, c) }"""
NEAREST = """g (float[1,3,9,9] x) => (float[i,j,k,l] y) <float[4] s = {1, 1, 2, 3}>
{ h = Conv (x, a)
  k = Resize <mode = "nearest", nearest_mode = "floor", coordinate_transformation_mode = "asymmetric"> (h, , s)
  y = Conv (k, b) }"""
LINEAR = """g (float[1,3,9,9] x) => (float[i,j,k,l] y) <float[4] s = {1, 1, 2, 2}>
{ h = Conv (x, a) k = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (h, , s)
  y = Conv (k, b) }"""
LAST = """g (float[1,9,9,20] x) => (float[i,j,k,l] y)
{ t = Transpose <perm = [0,3,1,2]> (x) h = Conv (t, a) k = Conv (h, b) y = Transpose <perm = [0,2,3,1]> (k) }"""
NORMALISED = """g (float[1,3,9,9] x) => (float[i,j,k,l] y)
{ h = Conv (x, a) k = Relu (h) l = Conv (k, b) m = Relu (l) s = Mul (k, m)
  n = BatchNormalization <epsilon = 0.001> (s, q, q, q, v) y = Conv (n, c) }"""
GATED = "g (float[1,3,9,9] x) => (float[i,j,k,l] y) { h = Conv (x, a) s = Sigmoid (h) m = Mul (h, s) y = Conv (m, b) }"
OPEN = """g (float[n,3,h,w] x) => (float[i,j,k,l] y)
{ h = Conv (x, a) k = Conv (h, b) l = MaxPool <kernel_shape = [3,3]> (h) m = Relu (l) s = Add (k, m)
  y = Conv (s, c) }"""
SHARED = """g (float[1,3,9,9] x) => (float[i,j,k,l] y, float[i,j,k,l] z)
{ h = Conv (x, a) y = Conv (h, b, q) k = Relu (h) z = Conv (k, b) }"""
BRANCHES = """g (float[1,3,9,9] x, bool c) => (float[i,j,k,l] y) { y = If (c) <
  then_branch = t () => (float[i,j,k,l] u) { h = Conv (x, a) u = Conv (h, b) },
  else_branch = e () => (float[i,j,k,l] v) { v = Conv (x, a) }> }"""

A, B, C = (20, 3, 1, 1), (20, 20, 3, 3), (24, 20, 1, 1)
CASES: dict[str, tuple[str, dict[str, tuple[int, ...]], str]] = {
    "first": (FIRST, {"a": (20, 3, 3, 3), "b": (6, 20, 3, 3), "p": (20,), "q": (6,)}, "Conv Conv"),
    "depthwise": (DEPTHWISE, {"a": A, "b": (20, 1, 3, 3), "q": (20,), "c": C}, "Conv Conv Conv"),
    "grouped": (GROUPED, {"a": (32, 3, 1, 1), "b": (64, 16, 3, 3), "q": (64,)}, "Conv Conv"),
    "residual": (RESIDUAL, {"a": A, "b": B, "q": (20,), "c": C}, "Conv Conv Add Relu Conv"),
    "activations": (
        ACTIVATIONS,
        {"a": A, **{f"b{n}": (20, 20, 1, 1) for n in ("", 2, 3, 4, 5)}, "c": C},
        "Conv Relu Conv LeakyRelu Conv Clip Conv Sigmoid Conv Tanh Conv HardSigmoid Conv",
    ),
    "pools": (POOLS, {"a": (32, 3, 1, 1), "b": (32, 32, 1, 1)}, "Conv MaxPool AveragePool Conv"),
    "concat": (CONCAT, {"a": (16, 3, 1, 1), "b": (32, 3, 1, 1), "c": (20, 48, 1, 1)}, "Conv Conv Concat Conv"),
    "nearest": (NEAREST, {"a": A, "b": B}, "Conv Resize Conv"),
    "linear": (LINEAR, {"a": A, "b": B}, "Conv Resize Conv"),
    "last": (LAST, {"a": B, "b": C}, "Transpose Conv Conv Transpose"),
    "normalised": (NORMALISED, {"a": A, "b": (20, 20, 1, 1), "q": (20,), "v": (20,), "c": C}, "Conv Relu Conv"),
    "gated": (GATED, {"a": A, "b": B}, "Conv"),
    "open": (OPEN, {"a": (32, 3, 1, 1), "b": (32, 32, 3, 3), "c": (24, 32, 1, 1)}, "Conv MaxPool Relu Conv Add Conv"),
    "shared": (SHARED, {"a": A, "b": B, "q": (20,)}, "Conv"),
    "branches": (BRANCHES, {"a": A, "b": B}, "If"),
}


def plain_of(path: Path) -> Model:
    if not block_size():
        pytest.skip("ONNX Runtime lays nothing out in blocks of channels on this processor")
    found = load(path)
    assert has_blocks(found)
    return unblock(found, block_size())


def source(name: str, opset: int = 13) -> ModelProto:
    text, shapes, _ = CASES[name]
    weights = {key: noise(*shape, seed=n) / np.float32(4) for n, (key, shape) in enumerate(shapes.items())}
    if "v" in weights:
        weights["v"] = np.abs(weights["v"]) + np.float32(1)
    proto = with_weights(model(text, opset), **weights)
    for attribute in proto.graph.node[0].attribute if name == "branches" else ():
        attribute.g.initializer.extend(proto.graph.initializer)  # the optimiser looks no further
    return proto


def stored(found: Model) -> list[np.ndarray]:
    """Weights of convolutions."""
    return [n.inputs[1].values for graph in graphs(found) for n in graph.nodes if n.op == "Conv"]


def assert_close(original: Path, plain: Path) -> None:
    dense = session(original, optimize=False)
    feeds = runnable_inputs(dense)
    expected, found = run(dense, feeds), run(session(plain, optimize=False), feeds)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_the_plain_graph_computes_the_same(name: str, tmp_path: Path) -> None:
    path, out = laid_out(source(name), tmp_path), tmp_path / "plain.onnx"
    found = plain_of(path)
    assert " ".join(ops(found)).startswith(CASES[name][2])
    assert not has_blocks(found) and "com.microsoft.nchwc" not in found.opsets
    save(found, out)
    assert_close(path, out)
    assert not has_blocks(load(out))


@pytest.mark.parametrize("name", ["first", "depthwise", "grouped", "residual", "last", "activations", "shared"])
def test_weights_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    proto = source(name)
    path = tmp_path / "source.onnx"
    path.write_bytes(proto.SerializeToString())
    for expected, found in zip(stored(load(path)), stored(plain_of(laid_out(proto, tmp_path))), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_operands_of_a_sum_of_open_shapes_lose_their_axis_of_blocks(tmp_path: Path) -> None:
    path = laid_out(source("open"), tmp_path)
    assert block_size() == 0 or ops(load(path)).count("Reshape") == 3
    assert "Reshape" not in ops(plain_of(path))


def test_a_weight_that_two_nodes_share_stays_one(tmp_path: Path) -> None:
    found = plain_of(laid_out(source("shared"), tmp_path))
    assert len({id(n.inputs[1]) for n in found.graph.nodes if n.op == "Conv"}) == 2


def test_outputs_and_shapes_are_told(tmp_path: Path) -> None:
    found = plain_of(laid_out(source("residual"), tmp_path))
    assert [t.name for t in found.graph.outputs] == ["y"]
    assert [n.outputs[0].shape[1] for n in found.graph.nodes] == [20, 20, 20, 20, 24]
    assert all(len({t.name for t in n.outputs}) == len(n.outputs) for n in found.graph.nodes)


@pytest.mark.parametrize("opset", [9, 10, 11, 12, 13])
def test_older_opsets_have_other_words(opset: int, tmp_path: Path) -> None:
    text = """g (float[1,3,9,9] x) => (float[i,j,k,l] y) <float[4] s = {1, 1, 2, 2}>
    { h = Conv (x, a) BODY y = Conv (k, b) }"""
    operand = "h, s"
    op = 'Upsample <mode = "nearest">' if opset < 10 else 'Resize <mode = "nearest">'
    if opset > 10:
        op, operand = 'Resize <nearest_mode = "floor", coordinate_transformation_mode = "asymmetric">', "h, r, s"
        text = text.replace("<float[4]", "<float[0] r = {}, float[4]")
    proto = with_weights(model(text.replace("BODY", f"k = {op} ({operand})"), opset), a=noise(*A), b=noise(*B))
    path, out = laid_out(proto, tmp_path), tmp_path / "plain.onnx"
    found = plain_of(path)
    assert ops(found) == ["Conv", "Upsample" if opset < 10 else "Resize", "Conv"]
    save(found, out)
    assert_close(path, out)


def test_clip_had_attributes_once(tmp_path: Path) -> None:
    text = """g (float[1,3,9,9] x) => (float[i,j,k,l] y)
    { h = Conv (x, a) k = Clip <min = 0.0, max = 0.5> (h) y = Conv (k, b) }"""
    path, out = laid_out(with_weights(model(text, 10), a=noise(*A), b=noise(*B)), tmp_path), tmp_path / "plain.onnx"
    found = plain_of(path)
    assert ops(found) == ["Conv", "Clip", "Conv"] and found.graph.nodes[1].attrs == {"min": 0.0, "max": 0.5}
    save(found, out)
    assert_close(path, out)


EITHER = """<ir_version: 8, opset_import: ["": 13, "com.microsoft.nchwc": 1]>
g (float[1,3,9,9] x) => (float[1,12,9,9] y)
{ h = com.microsoft.nchwc.Conv <activation = "Sigmoid"> (x, a, p)
  k = com.microsoft.nchwc.Conv <group = GROUPS> (h, b) m = com.microsoft.nchwc.Conv (k, c, , l)
  l = com.microsoft.nchwc.Conv (h, d) y = com.microsoft.nchwc.ReorderOutput <channels = 12> (m) }"""


@pytest.mark.parametrize("block", [8, 16])
def test_blocks_of_8_and_16_whatever_the_processor(block: int) -> None:
    plain = {
        "a": noise(20, 3, 1, 1),
        "b": noise(20, 1, 1, 1),
        "c": noise(12, 20, 1, 1),
        "d": noise(12, 20, 1, 1, seed=1),
    }
    laid = {name: in_blocks(values, block, inputs=name in "cd") for name, values in plain.items()}
    filled = len(laid["a"])
    bias = np.concatenate([noise(20), np.zeros(filled - 20, np.float32)])
    proto = with_weights(model(EITHER.replace("GROUPS", str(filled))), p=bias, **laid)
    found = unblock(from_proto(proto), block)
    assert ops(found) == ["Conv", "Sigmoid", "Conv", "Conv", "Conv", "Add"]
    made = {t.name: t.values for n in found.graph.nodes for t in n.inputs[1:] if n.op == "Conv"}
    for name, values in {**plain, "p": noise(20)}.items():
        np.testing.assert_array_equal(made[name], values)
    assert [n.attrs["group"] for n in found.graph.nodes if "group" in n.attrs] == [20]


HAND = """<ir_version: 8, opset_import: ["": 13, "com.microsoft.nchwc": 1]>
g (float[1,3,8,8] x) => (float[i,j,k,l] y)
{ h = com.microsoft.nchwc.Conv (x, a) BODY y = com.microsoft.nchwc.ReorderOutput <channels = 16> (k) }"""


def by_hand(body: str) -> Model:
    return from_proto(with_weights(model(HAND.replace("BODY", body)), a=noise(16, 3, 1, 1), b=noise(16, 16, 1, 1)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("k = com.microsoft.nchwc.Softmax (h)", "Softmax '' is not known to run on blocks"),
        ("k = Softmax (h)", "Softmax '' is not known to run on blocks"),
        ("s = Shape (h) k = Reshape (h, s)", "Shape '' is not known to run on blocks"),
        ('k = com.microsoft.nchwc.Conv <activation = "Swish"> (h, b)', "the activation Swish, which is not known"),
        ("k = com.microsoft.nchwc.Conv (x, b)", "'x' is read in blocks of channels but not laid out so"),
        ("k = com.microsoft.nchwc.Conv (h, a)", "fewer channels than a block has, in a block"),
        ("k = com.microsoft.nchwc.Conv (h, x)", "no stored weight"),
        ("k = com.microsoft.nchwc.Conv (h)", "lacks what it needs"),
        ("k = com.microsoft.nchwc.Upsample (h)", "lacks what it needs"),
        ("k = Concat <axis = 2> (h, h)", "along another axis"),
        ("k = Add (h, x)", "'x' is read in blocks of channels"),
        ("k = com.microsoft.nchwc.MaxPool <kernel_shape = [2,2], tile = 3> (h)", "no attribute tile in opset 13"),
        (
            "k = Identity (h) z = com.microsoft.nchwc.ReorderOutput <channels = 12> (h)",
            "12 channels in one place and 16 in another",
        ),
    ],
)
def test_what_is_not_known_is_unclear(body: str, reason: str) -> None:
    with pytest.raises(Unclear, match=reason):
        unblock(by_hand(body), 16)


def test_a_processor_without_blocks_undoes_nothing() -> None:
    with pytest.raises(Unclear, match="nothing is laid out"):
        unblock(by_hand("k = Relu (h)"), 0)
