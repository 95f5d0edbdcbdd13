"""Attributes that change what an op computes, each form beside ONNX Runtime."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.lift.comparing import gap, lifted, tensors

TOLERANCE = 1e-5


def graphs() -> dict[str, tuple[int, str]]:
    """Name -> opset and text of the graphs in options.txt."""
    blocks = Path(__file__).with_name("options.txt").read_text().split("\n\n")[1:]
    titles = [block.partition("\n") for block in blocks]
    return {head.rpartition(" @")[0]: (int(head.rpartition("@")[2]), text) for head, _, text in titles}


GRAPHS = graphs()


@pytest.mark.parametrize("name", GRAPHS)
def test_options(name: str) -> None:
    opset, text = GRAPHS[name]
    assert gap(text.strip(), opset) <= TOLERANCE


def test_old_opsets_place_the_second_operand_by_an_axis() -> None:
    text = "g (float[2,3,4] x) => (float[2,3,4] y) <float[3] b> { y = Add <broadcast = 1, axis = 1> (x, b) }"
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    module = lifted(text, 6)
    assert module(tensors({"x": x}))["y"].equal(torch.from_numpy(x) + module._parameters["b"][:, None])


def test_batch_first_is_the_same_with_axes_exchanged() -> None:
    inner = "float[1,8,4] w, float[1,8,2] r, float[1,16] b"
    node = "y, h = LSTM <hidden_size = 2{}> (x, w, r, b)"
    first = f"g (float[3,5,4] x) => (float[3,5,1,2] y, float[3,1,2] h) <{inner}> {{ {node.format(', layout = 1')} }}"
    usual = f"g (float[5,3,4] x) => (float[5,1,3,2] y, float[1,3,2] h) <{inner}> {{ {node.format('')} }}"
    x = np.random.default_rng(0).standard_normal((3, 5, 4)).astype(np.float32)
    one, other = lifted(first)(tensors({"x": x})), lifted(usual)(tensors({"x": x.transpose(1, 0, 2)}))
    assert one["y"].equal(other["y"].permute(2, 0, 1, 3))
    assert one["h"].equal(other["h"].permute(1, 0, 2))


def test_random_numbers_have_the_shape_and_type_that_the_node_says() -> None:
    text = """g (float[2,3] x) => (float[2,3] a, double[4] b, float[2,3] c) { a = RandomNormalLike(x)
    b = RandomUniform <shape = [4], dtype = 11, low = 2.0, high = 3.0> () s = Sigmoid(x) c = Bernoulli(s) }"""
    found = lifted(text)(tensors({"x": np.ones((2, 3), np.float32)}))
    assert found["a"].shape == (2, 3)
    assert str(found["b"].dtype) == "torch.float64"
    assert bool(((found["b"] >= 2) & (found["b"] < 3)).all())
    assert set(found["c"].unique().tolist()) <= {0.0, 1.0}
