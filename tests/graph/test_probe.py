"""Open lengths named by probing."""

from pathlib import Path

import pytest

from onnxprune.graph import from_proto, load, normalize
from onnxprune.graph.probe import SCALES, _primes, name_lengths
from tests.graph.helpers import model, noise, with_weights

HALVED = 5


def shapes(text: str, **weights: object) -> dict[str, list[object]]:
    loaded = from_proto(with_weights(model(text), **weights))  # type: ignore[arg-type]
    name_lengths(loaded)
    return {t.name: t.shape for node in loaded.graph.nodes for t in node.outputs}


def test_a_name_that_symbolic_inference_forgets() -> None:
    text = """
    g (float[b,s] x, float[b,s] z) => (float[p,q] y)
    { a = Concat <axis = 0> (x, z) h, k = Split <axis = 0, num_outputs = 2> (a) y = Neg(h) }
    """
    assert shapes(text)["h"] == ["b", "s"]


def test_a_constant_that_symbolic_inference_forgets() -> None:
    text = """
    g (float[b,s,24] x) => (float[b,s,p,q] y)
    {
        f = Shape <end = 2> (x) r = Constant <value_ints = [-1, 8]> () t = Concat <axis = 0> (f, r)
        v = Reshape(x, t) y = Neg(v)
    }
    """
    assert shapes(text)["v"] == ["b", "s", 3, 8]


def test_what_is_rounded_away_is_no_constant() -> None:
    """An image halved five times: small ones all end as one pixel."""
    conv = "Conv <strides = [2, 2], pads = [1, 1, 1, 1], kernel_shape = [3, 3]>"
    steps = " ".join(f"c{i + 1} = {conv} (c{i}, kernel)" for i in range(HALVED))
    end = "k = Constant <value_ints = [0, -1]> () y = Reshape(c5, k)"
    text = f"g (float[n,4,h,w] c0) => (float[n,q] y) {{ {steps} {end} }}"
    weights = {"kernel": noise(4, 4, 3, 3)}
    found = shapes(text, **weights)["c5"]
    assert found[:2] == ["n", 4]
    assert not any(isinstance(d, int) for d in found[2:])
    loaded = normalize(from_proto(with_weights(model(text), **weights)))
    assert loaded.graph.nodes[-1].inputs[1].values.tolist() == [0, -1]


def test_what_is_cut_off_is_no_constant() -> None:
    """The first four positions are fewer of a shorter sequence."""
    text = """
    g (float[b,s,8] x) => (float[b,p,8] y)
    {
        z = Constant <value_ints = [0]> () four = Constant <value_ints = [4]> () one = Constant <value_ints = [1]> ()
        h = Slice(x, z, four, one) y = Neg(h)
    }
    """
    assert not isinstance(shapes(text)["h"][1], int)


def test_a_model_that_takes_no_long_sequences() -> None:
    """Positions are stored for 77: longer probes tell nothing, shorter ones do."""
    text = """
    g (float[b,s,24] x) => (float[b,s,p,q] y)
    {
        n = Shape <start = 1, end = 2> (x)
        z = Constant <value_ints = [0]> () one = Constant <value_ints = [1]> ()
        pos = Slice(table, z, n, one) a = Add(x, pos)
        f = Shape <end = 2> (a) r = Constant <value_ints = [-1, 8]> () t = Concat <axis = 0> (f, r) y = Reshape(a, t)
    }
    """
    found = shapes(text, table=noise(1, 77, 24))
    assert found["y"] == ["b", "s", 3, 8]


def test_tensors_of_bodies_are_left_alone() -> None:
    """A name in a body may be that of another tensor outside."""
    text = """
    g (bool c, float[b,4] x) => (float[b,4] y)
    {
        y = If (c) <
            then_branch = t () => (float[b,4] o) { h = NonZero(x) k = Cast <to = 1> (h) o = Mul(x, k) },
            else_branch = e () => (float[b,4] o) { o = Identity(x) }
        >
        h = Neg(x)
    }
    """
    loaded = from_proto(with_weights(model(text), w=noise(4, 4)))
    body = loaded.graph.nodes[0].attrs["then_branch"]
    before = body.nodes[0].outputs[0].shape
    name_lengths(loaded)
    assert body.nodes[0].outputs[0].shape == before


def test_nothing_open_nothing_to_do(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(model("g (float[b,4] x) => (float[b,4] y) { y = Neg(x) }").SerializeToString())
    loaded = load(path)
    before = loaded.graph.nodes[0].outputs[0].shape
    name_lengths(loaded)
    assert loaded.graph.nodes[0].outputs[0].shape is before


@pytest.mark.parametrize("scale", SCALES)
def test_sizes_are_different_primes(scale: int) -> None:
    found = _primes(scale, 40)
    assert len(set(found)) == 40
    assert found[0] <= scale
    assert not any(p % d == 0 for p in found for d in range(2, p))
