"""SparseMatMul nodes, and the standard nodes that stand for them."""

import math

import numpy as np
import onnx_graphsurgeon as gs
import pytest
from scipy.special import erf

from onnxprune.errors import InputError
from onnxprune.graph import (
    from_proto,
    is_sparse_matmul,
    pack,
    packed_of,
    sparse_matmul,
    spell_out,
    to_proto,
    use_domain,
)
from onnxprune.runtime import run, session
from tests.graph.helpers import model, noise

WEIGHT = noise(8, 6) * (noise(8, 6, seed=1) > 0.3)
BIAS = noise(6)

ACTIVATED = {
    "none": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "gelu_erf": lambda v: v * (1 + erf(v / math.sqrt(2))) / 2,
    "gelu_tanh": lambda v: v * (1 + np.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2,
    "silu": lambda v: v / (1 + np.exp(-v)),
}


def carrier(**options):
    """A model of one SparseMatMul, in place of a MatMul."""
    made = from_proto(model("g (float[a, 8] x, float[a, 6] r) => (float[a, 6] y) { y = Sum(r) }"))
    graph = made.graph
    graph.nodes[0].outputs.clear()
    if options.pop("residual", False):
        options["residual"] = graph.inputs[1]
    graph.nodes[:] = [sparse_matmul(pack(WEIGHT, (4, 1)), graph.inputs[0], graph.outputs[0], name="layer", **options)]
    use_domain(made)
    return made


@pytest.mark.parametrize("activation", ACTIVATED)
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_computes_what_the_operator_is_defined_to(activation, biased, residual):
    made = carrier(activation=activation, residual=residual, bias=gs.Constant("bias", BIAS) if biased else None)
    assert spell_out(made) == 1
    assert made.opsets == {"": 18} and not any(is_sparse_matmul(node) for node in made.graph.nodes)
    feeds = {"x": noise(5, 8), "r": noise(5, 6)}
    found = run(session(to_proto(made).SerializeToString()), feeds)["y"]
    expected = ACTIVATED[activation](feeds["x"] @ WEIGHT + biased * BIAS) + residual * feeds["r"]
    assert np.allclose(found, expected, atol=1e-5)


def test_the_weight_comes_back_from_a_file():
    packed = packed_of(from_proto(to_proto(carrier())).graph.nodes[0])
    assert (packed.k, packed.n, packed.block) == (8, 6, (4, 1))
    assert np.array_equal(packed.values, pack(WEIGHT, (4, 1)).values)


def test_a_model_without_the_operator_stays_as_it_is():
    made = from_proto(model("g (float[a, 8] x) => (float[a, 8] y) { y = Relu(x) }"))
    before = to_proto(made).SerializeToString()
    assert spell_out(made) == 0
    assert to_proto(made).SerializeToString() == before


def test_what_is_not_understood_is_said():
    with pytest.raises(InputError, match="unknown activation 'swish': known are none, relu"):
        carrier(activation="swish")
    newer = carrier()
    newer.graph.nodes[0].attrs["version"] = 2
    with pytest.raises(InputError, match="'layer' is of version 2, which is not known yet"):
        spell_out(newer)
    bare = carrier()
    del bare.graph.nodes[0].attrs["k"]
    with pytest.raises(InputError, match="'layer' lacks its sizes"):
        spell_out(bare)
