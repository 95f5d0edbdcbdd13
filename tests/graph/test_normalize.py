"""Exporters' shape arithmetic, written so that lengths can be told; and undone where nothing was pruned."""

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest

from onnxprune.graph import Model, finish, to_proto
from onnxprune.runtime import run, session
from tests.graph.helpers import model, noise, normalized, ops
from tests.graph.spellings import EXPAND, FOLD_HEADS, VIEW


def operand(found: Model, op: str, place: int = 1) -> gs.Tensor:
    return next(n for n in found.graph.nodes if n.op == op).inputs[place]


def entries(tensor: gs.Tensor) -> list[object]:
    """A stored shape operand, or what a Concat makes one from: numbers, and names of what stays computed."""
    if isinstance(tensor, gs.Constant):
        return list(tensor.values.tolist())
    (maker,) = tensor.inputs
    assert maker.op == "Concat"
    return [int(t.values[0]) if isinstance(t, gs.Constant) else t.name for t in maker.inputs]


def feeds(proto: onnx.ModelProto, **sizes: int) -> dict[str, np.ndarray]:
    shapes = {
        v.name: [d.dim_value or sizes[d.dim_param] for d in v.type.tensor_type.shape.dim] for v in proto.graph.input
    }
    return {name: noise(*shape) for name, shape in shapes.items()}


def assert_runs_the_same(text: str, *sizes: dict[str, int], opset: int = 18) -> None:
    """The normalised graph, nothing undone, against the source."""
    proto = model(text, opset)
    source = session(proto.SerializeToString(), optimize=False)
    loaded = normalized(proto)
    loaded.undo.folds.clear()
    made = session(to_proto(finish(loaded)).SerializeToString(), optimize=False)
    for choice in sizes:
        x = feeds(proto, **choice)
        expected, actual = run(source, x), run(made, x)
        assert all(np.array_equal(actual[name], values) for name, values in expected.items())


def test_view_of_open_batch_and_sequence() -> None:
    loaded = normalized(VIEW)
    assert ops(loaded) == ["Reshape", "Transpose"]
    assert entries(operand(loaded, "Reshape")) == [0, 0, 12, 64]
    assert loaded.graph.nodes[0].outputs[0].shape == ["batch", "seq", 12, 64]
    assert_runs_the_same(VIEW, {"batch": 2, "seq": 5}, {"batch": 1, "seq": 1})


def test_two_open_lengths_in_one() -> None:
    loaded = normalized(FOLD_HEADS)
    target = entries(operand(loaded, "Reshape"))
    assert (target[0], target[2]) == (-1, 16)
    assert loaded.graph.outputs[0].shape == ["n", "s", 16]
    sizes = {"b": 2, "h": 3, "s": 5}
    assert_runs_the_same(FOLD_HEADS, sizes, {"b": 1, "h": 1, "s": 1})


def test_open_lengths_are_read_off_graph_inputs() -> None:
    """Not off the tensor that is reshaped: its other lengths are then read by nobody."""
    loaded = normalized(FOLD_HEADS)
    length = operand(loaded, "Reshape").inputs[0].inputs[1]
    gather = length.inputs[0]
    assert (gather.op, gather.inputs[1].values.tolist()) == ("Gather", [2])
    assert gather.inputs[0].inputs[0].inputs[0] is loaded.graph.inputs[0]
    assert ops(loaded).count("Shape") == 1


def test_expand_with_a_choice() -> None:
    loaded = normalized(EXPAND)
    target = entries(operand(loaded, "Expand"))
    assert (target[0], target[2]) == (1, 64)
    assert ops(loaded) == ["Shape", "Gather", "Concat", "Expand"]
    assert_runs_the_same(EXPAND, {"b": 2, "s": 5}, {"b": 1, "s": 1})


def test_a_known_expand_is_stored() -> None:
    loaded = normalized(EXPAND.replace("float[b,s] like", "float[b,7] like"))
    assert entries(operand(loaded, "Expand")) == [1, 7, 64]


@pytest.mark.parametrize("blocks", [1, 12])
def test_lengths_that_each_block_tells_the_next(blocks: int) -> None:
    """As windows are padded and cut in every block of a network: shape inference doesn't follow the arithmetic."""
    block = """
    s{0} = Shape(h{0}) d{0} = Gather <axis = 0> (s{0}, one) m{0} = Mod(d{0}, two) a{0} = Add(m{0}, one)
    e{0} = Sub(d{0}, a{0}) h{1} = Slice(h{0}, zero, e{0}, one)"""
    steps = "".join(block.format(i, i + 1) for i in range(blocks))
    text = f"""g (float[2,60] h0) => (float[2,n] y)
    {{ zero = Constant <value_ints = [0]> () one = Constant <value_ints = [1]> () two = Constant <value_ints = [2]> ()
    {steps} y = Neg(h{blocks}) }}"""
    loaded = normalized(text)
    assert ops(loaded) == ["Slice"] * blocks + ["Neg"]
    made = run(session(to_proto(loaded).SerializeToString()), {"h0": noise(2, 60)})["y"]
    assert loaded.graph.outputs[0].shape == list(made.shape)


TOKEN = """
g (float[b,3] x, float[1,1,64] token) => (float[b,1,64] y)
{
    l = Shape(x) z = Constant <value_ints = [0]> () n = Gather <axis = 0> (l, z)
    m = Constant <value_ints = [-1]> ()
    wanted = Concat <axis = 0> (n, m, m)
    three = Constant <value_ints = [3]> () ones = ConstantOfShape <value = int64[1] {1}> (three)
    minus = Mul(ones, m) open = Equal(wanted, minus) target = Where(open, ones, wanted)
    y = Expand(token, target)
}
"""


def test_axes_that_an_expand_leaves_alone_are_told_from_the_one_it_repeats() -> None:
    """A class token for every image of a batch: its width is no computed length."""
    target = entries(operand(normalized(TOKEN), "Expand"))
    assert isinstance(target[0], str)
    assert target[1:] == [1, 1]
    assert_runs_the_same(TOKEN, {"b": 2}, {"b": 1})


def test_a_resize_has_its_channels_stored() -> None:
    """Batch and channels ride along in the lengths that an image is resized to."""
    text = """
    g (float[b,6,p,q] x, float[b,3,r,s] like) => (float[b,6,u,v] y)
    {
        front = Shape <end = 2> (x) back = Shape <start = 2> (like)
        sizes = Concat <axis = 0> (front, back) y = Resize(x, , , sizes)
    }"""
    found = entries(operand(normalized(text), "Resize", 3))
    assert found[1] == 6
    assert all(isinstance(entry, str) for entry in (found[0], *found[2:]))
    assert_runs_the_same(text, {"b": 2, "p": 4, "q": 5, "r": 8, "s": 7})


def test_a_minus_one_that_can_be_told() -> None:
    text = (
        "g (float[b,s,24] x) => (float[b,s,p,q] y) { t = Constant <value_ints = [0, 0, -1, 8]> () y = Reshape(x, t) }"
    )
    loaded = normalized(text)
    assert entries(operand(loaded, "Reshape")) == [0, 0, 3, 8]
    assert_runs_the_same(text, {"b": 2, "s": 3})


def test_a_stored_target_of_known_shape_stays() -> None:
    text = "g (float[2,24] x) => (float[2,3,8] y) { t = Constant <value_ints = [2, -1, 8]> () y = Reshape(x, t) }"
    loaded = normalized(text)
    assert operand(loaded, "Reshape").name == "t"
    assert entries(operand(loaded, "Reshape")) == [2, -1, 8]


def test_zero_may_be_meant() -> None:
    text = """
    g (float[b,6] x) => (float[b,2,3] y)
    {
        s = Shape <start = 0, end = 1> (x) k = Constant <value_ints = [2, 3]> ()
        t = Concat <axis = 0> (s, k) y = Reshape <allowzero = 1> (x, t)
    }
    """
    loaded = normalized(text)
    node = loaded.graph.nodes[-1]
    assert entries(node.inputs[1]) == [0, 2, 3]
    assert "allowzero" not in node.attrs
    assert to_proto(finish(loaded)).graph.node[-1].attribute[0].i == 1


def test_resize_to_computed_sizes() -> None:
    """Twice as high and wide, in floats, with the channels riding along."""
    text = """
    g (float[1,8,5,5] x) => (float[1,8,p,q] y)
    {
        s = Shape(x)
        a = Constant <value_ints = [0]> () m = Constant <value_ints = [2]> () e = Constant <value_ints = [4]> ()
        front = Slice(s, a, m) back = Slice(s, m, e)
        f = Cast <to = 1> (back) two = Constant <value_float = 2.0> () g = Mul(f, two) h = Floor(g)
        hw = Cast <to = 7> (h)
        sizes = Concat <axis = 0> (front, hw)
        y = Resize <mode = "nearest"> (x, , , sizes)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Resize"]
    assert loaded.graph.nodes[0].inputs[3].values.tolist() == [1, 8, 10, 10]
    assert loaded.graph.outputs[0].shape == [1, 8, 10, 10]


def test_pads_as_torchscript_writes_them() -> None:
    """A list of pads, from the last axis to the first, is filled up, turned round and flattened."""
    text = """
    g (float[1,4,6,6] x) => (float[1,4,p,q] y)
    {
        given = Constant <value_ints = [1, 2, 3, 4]> ()
        count = Constant <value_ints = [4]> ()
        fill = ConstantOfShape <value = int64[1] {0}> (count)
        all = Concat <axis = 0> (given, fill)
        pairs = Constant <value_ints = [-1, 2]> () table = Reshape(all, pairs)
        a = Constant <value_ints = [-1]> () e = Constant <value_ints = [-9223372036854775807]> ()
        z = Constant <value_ints = [0]> () m = Constant <value_ints = [-1]> ()
        turned = Slice(table, a, e, z, m)
        t = Transpose <perm = [1, 0]> (turned)
        flat = Constant <value_ints = [-1]> () pads = Reshape(t, flat)
        y = Pad(x, pads)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Pad"]
    assert loaded.graph.nodes[0].inputs[1].values.tolist() == [0, 0, 3, 1, 0, 0, 4, 2]
    assert_runs_the_same(text, {})


def test_positions_of_a_known_length() -> None:
    text = """
    g (float[b,9,4] x) => (int64[9] y)
    {
        s = Shape(x) i = Constant <value_int = 1> () n = Gather <axis = 0> (s, i)
        a = Constant <value_int = 0> () d = Constant <value_int = 1> () y = Range(a, n, d)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Range"]
    assert loaded.graph.nodes[0].inputs[1].values == 9
    assert_runs_the_same(text, {"b": 2})


def test_fills_of_mixed_lengths() -> None:
    text = """
    g (float[b,s,4] x) => (float[b,s,7] y)
    {
        a = Shape <start = 0, end = 2> (x) k = Constant <value_ints = [7]> ()
        t = Concat <axis = 0> (a, k) y = ConstantOfShape <value = float[1] {3}> (t)
    }
    """
    target = entries(operand(normalized(text), "ConstantOfShape", 0))
    assert target == ["b/length", "s/length", 7]
    assert_runs_the_same(text, {"b": 2, "s": 3})


def test_chunks_by_computed_bounds() -> None:
    """Half of the channels each, by Slice: the bounds are stored, whatever the batch."""
    text = """
    g (float[b,12,s] x) => (float[b,6,s] y)
    {
        s = Shape(x) i = Constant <value_ints = [1]> () n = Gather <axis = 0> (s, i)
        two = Constant <value_ints = [2]> () half = Div(n, two)
        z = Constant <value_ints = [0]> () one = Constant <value_ints = [1]> ()
        l = Slice(x, z, half, one) r = Slice(x, half, n, one) y = Mul(l, r)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Slice", "Slice", "Mul"]
    assert [t.values.tolist() for t in loaded.graph.nodes[1].inputs[1:3]] == [[6], [12]]
    assert_runs_the_same(text, {"b": 2, "s": 3})


def test_a_scale_from_a_length_keeps_its_value() -> None:
    """Attention divides by the root of head_dim: pruning must not change the divisor."""
    text = """
    g (float[b,s,64] x) => (float[b,s,64] y)
    {
        n = Shape(x) i = Constant <value_ints = [2]> () d = Gather <axis = 0> (n, i)
        f = Cast <to = 1> (d) r = Sqrt(f) y = Div(x, r)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Cast", "Sqrt", "Div"]
    assert loaded.graph.nodes[0].inputs[0].values.tolist() == [64]


def test_bodies_are_normalised_too() -> None:
    text = """
    g (bool c, float[b,6] x) => (float[b,2,3] y)
    {
        s = Shape <start = 0, end = 1> (x)
        y = If (c) <
            then_branch = t () => (float[b,2,3] o) {
                k = Constant <value_ints = [2, 3]> () t = Concat <axis = 0> (s, k) o = Reshape(x, t)
            },
            else_branch = e () => (float[b,2,3] o) {
                k = Constant <value_ints = [-1, 2, 3]> () o = Reshape(x, k)
            }
        >
    }
    """
    loaded = normalized(text)
    bodies = [loaded.graph.nodes[-1].attrs[name] for name in ("then_branch", "else_branch")]
    assert [[n.op for n in body.nodes] for body in bodies] == [["Reshape"], ["Reshape"]]
    assert [entries(body.nodes[0].inputs[1]) for body in bodies] == [[0, 2, 3], [-1, 2, 3]]


def test_dimensions_that_share_a_name_by_carelessness() -> None:
    """ "?" is no name: nothing says that the two lengths are the same."""
    text = """
    g (float[a,b,6] x) => (float[p,q,6] y)
    {
        s = Shape(x) i = Constant <value_ints = [1, 0, 2]> () t = Gather <axis = 0> (s, i) y = Reshape(x, t)
    }
    """
    proto = model(text)
    for dim in proto.graph.input[0].type.tensor_type.shape.dim[:2]:
        dim.dim_param = "?"
    loaded = normalized(proto)
    x = {"x": noise(2, 3, 6)}
    loaded.undo.folds.clear()
    made = session(to_proto(finish(loaded)).SerializeToString(), optimize=False)
    assert run(made, x)["y"].shape == (3, 2, 6)
