"""Where one element of a computed vector comes from."""

import pytest

from onnxprune.graph import from_proto
from onnxprune.graph.tracing import trace
from tests.graph.helpers import model

K = "zero = Constant <value_ints = [0]> () one = Constant <value_ints = [1]> () three = Constant <value_ints = [3]> ()"
S = f"{K} s = Shape(x)"


def traced(text: str, index: int) -> tuple[str, int]:
    """The vector and place that element `index` of `y` is taken from. x has rank 3."""
    header = "g (float[a,b,c] x, int64[2] two, int64[n] open) => (float[a,b,c] x)"
    loaded = from_proto(model(f"{header} {{ {text} }}"))
    tensors = {t.name: t for node in loaded.graph.nodes for t in node.outputs}
    tensor, at = trace(tensors["y"], index)
    return tensor.name, at


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        (f"{S} y = Identity(s)", 2, ("s", 2)),
        (f"{S} y = Concat <axis = 0> (two, s)", 1, ("two", 1)),
        (f"{S} y = Concat <axis = 0> (two, s)", 3, ("s", 1)),
        (f"{S} k = Constant <value_ints = [7]> () y = Concat <axis = 0> (k, s)", 1, ("s", 0)),
        (f"{S} k = Constant <value_ints = [7]> () y = Concat <axis = 0> (k, s)", 0, ("y", 0)),
        (f"{S} y = Slice(s, one, three)", 1, ("s", 2)),
        (f"{S} m = Constant <value_ints = [-1]> () y = Slice(s, m, zero, zero, m)", 1, ("s", 1)),
        (f"{S} i = Constant <value_ints = [2, -3]> () y = Gather(s, i)", 1, ("s", 0)),
        (f"{S} i = Constant <value_int = 1> () g = Gather(s, i) y = Unsqueeze(g, zero)", 0, ("s", 1)),
        (
            f"{S} i = Constant <value_int = 1> () g = Gather(s, i) k = Constant <value_ints = [-1]> () "
            "y = Reshape(g, k)",
            0,
            ("s", 1),
        ),
        (f"{S} i = Constant <value_int = 1> () y = Gather(s, i)", 0, ("s", 1)),
        (f"{S} y = Mul(s, one)", 1, ("y", 1)),
        (f"{S} f = Cast <to = 1> (s) y = Cast <to = 7> (f)", 1, ("y", 1)),
        (f"{S} y = Concat <axis = 0> (open, s)", 0, ("y", 0)),
        (f"{S} y = Gather(s, two)", 0, ("y", 0)),
        (
            f"{S} p = Slice(s, zero, one) q = Concat <axis = 0> (one, p) r = Concat <axis = 0> (q, two) "
            "y = Identity(r)",
            1,
            ("s", 0),
        ),
    ],
    ids=str,
)
def test_sources(text: str, index: int, expected: tuple[str, int]) -> None:
    assert traced(text, index) == expected
