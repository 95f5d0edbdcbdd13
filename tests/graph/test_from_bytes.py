"""Models that lie in memory: there is no file in which their weights could be left."""

import numpy as np

from onnxprune.graph import from_bytes, stored
from tests.graph.helpers import model, noise, with_weights


def test_large_weights_are_there():
    weight = noise(64, 64)
    proto = with_weights(model("g (float[a, 64] x) => (float[a, 64] y) { y = MatMul(x, w) }"), w=weight)
    (found,) = stored(from_bytes(proto.SerializeToString()))
    assert np.array_equal(found.values, weight)
