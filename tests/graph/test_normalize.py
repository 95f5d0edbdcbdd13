"""Exporters' shape arithmetic, written so that lengths can be told; and undone where nothing was pruned."""

from pathlib import Path

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest

from onnxprune.graph import Model, finish, from_proto, load, normalize, save, to_proto
from onnxprune.runtime import run, session
from tests.graph.helpers import model, noise, normalized, ops, round_trip, with_weights

VIEW = """
g (float[batch,seq,768] x) => (float[batch,12,seq,64] y)
{
    s0 = Shape(x) i0 = Constant <value_int = 0> () b = Gather <axis = 0> (s0, i0)
    s1 = Shape(x) i1 = Constant <value_int = 1> () t = Gather <axis = 0> (s1, i1)
    z = Constant <value_ints = [0]> ()
    b1 = Unsqueeze(b, z) t1 = Unsqueeze(t, z)
    h = Constant <value_ints = [12]> () d = Constant <value_ints = [64]> ()
    target = Concat <axis = 0> (b1, t1, h, d)
    v = Reshape(x, target)
    y = Transpose <perm = [0, 2, 1, 3]> (v)
}
"""

FOLD_HEADS = """
g (float[b,h,s,16] x) => (float[n,s,16] y)
{
    s0 = Shape(x) i0 = Constant <value_int = 0> () b = Gather <axis = 0> (s0, i0)
    s1 = Shape(x) i1 = Constant <value_int = 1> () h = Gather <axis = 0> (s1, i1)
    s2 = Shape(x) i2 = Constant <value_int = 2> () t = Gather <axis = 0> (s2, i2)
    z = Constant <value_ints = [0]> ()
    n = Mul(b, h)
    n1 = Unsqueeze(n, z) t1 = Unsqueeze(t, z)
    d = Constant <value_ints = [16]> ()
    target = Concat <axis = 0> (n1, t1, d)
    y = Reshape(x, target)
}
"""

EXPAND = """
g (float[b,1,64] x, float[b,s] like) => (float[b,s,64] y)
{
    l = Shape(like)
    i = Constant <value_ints = [1]> () t = Gather <axis = 0> (l, i)
    m = Constant <value_ints = [-1]> () d = Constant <value_ints = [64]> ()
    wanted = Concat <axis = 0> (m, t, d)
    three = Constant <value_ints = [3]> ()
    ones = ConstantOfShape <value = int64[1] {1}> (three)
    minus = Mul(ones, m)
    open = Equal(wanted, minus)
    target = Where(open, ones, wanted)
    y = Expand(x, target)
}
"""


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


# --------------------------------------------------------------------------------------------------- splits


@pytest.mark.parametrize(
    ("opset", "attribute", "sizes"), [(11, "", [3, 3]), (13, "", [3, 3]), (18, "num_outputs = 2, ", [3, 3])]
)
def test_equal_parts_are_spelled_out(opset: int, attribute: str, sizes: list[int], tmp_path: Path) -> None:
    text = f"g (float[2,6] x) => (float[2,3] y, float[2,3] z) {{ y, z = Split <{attribute}axis = 1> (x) }}"
    node = normalized(text, opset).graph.nodes[0]
    found = node.attrs["split"] if opset < 13 else node.inputs[1].values.tolist()
    assert found == sizes
    assert "num_outputs" not in node.attrs
    saved = round_trip(model(text, opset), tmp_path)
    assert saved.graph.node[0] == model(text, opset).graph.node[0]


def test_a_last_part_that_is_shorter(tmp_path: Path) -> None:
    text = "g (float[7] x) => (float[4] y, float[3] z) { y, z = Split <num_outputs = 2> (x) }"
    assert normalized(text).graph.nodes[0].inputs[1].values.tolist() == [4, 3]
    assert not round_trip(model(text), tmp_path).graph.initializer


def test_parts_that_became_unequal_stay_spelled_out() -> None:
    text = "g (float[2,6] x) => (float[2,3] y, float[2,3] z) { y, z = Split <axis = 1, num_outputs = 2> (x) }"
    loaded = normalized(text)
    loaded.graph.nodes[0].inputs[1].values = np.int64([2, 3])
    assert len(finish(loaded).graph.nodes[0].inputs) == 2


def test_parts_of_unknown_length_stay_unspelled() -> None:
    text = "g (float[2,n] x) => (float[2,p] y, float[2,q] z) { y, z = Split <axis = 1, num_outputs = 2> (x) }"
    assert len(normalized(text).graph.nodes[0].inputs) == 1


# --------------------------------------------------------------------------------------------------- undoing


@pytest.mark.parametrize("text", [VIEW, FOLD_HEADS, EXPAND], ids=["view", "fold heads", "expand"])
def test_what_nothing_was_pruned_from_is_as_it_was(text: str, tmp_path: Path) -> None:
    proto = model(text)
    expected = [n for n in proto.graph.node if n.op_type != "Constant"]
    assert list(round_trip(proto, tmp_path).graph.node) == expected


def pruned() -> Model:
    """VIEW behind a weight that lost a third of its units."""
    proto = with_weights(model(VIEW.replace("float[batch,seq,768] x", "float[batch,seq,768] u")), w=noise(768, 768))
    proto.graph.node.insert(0, onnx.helper.make_node("MatMul", ["u", "w"], ["x"]))
    loaded = normalize(from_proto(proto))
    matmul, reshape, _ = loaded.graph.nodes
    matmul.inputs[1].values = noise(768, 512)
    reshape.inputs[1].values = np.int64([0, 0, 8, 64])
    return loaded


def test_a_pruned_model_keeps_its_stored_lengths() -> None:
    saved = finish(pruned())
    assert ops(saved) == ["MatMul", "Reshape", "Transpose"]
    made = session(to_proto(saved).SerializeToString())
    assert run(made, {"u": noise(2, 3, 768)})["y"].shape == (2, 8, 3, 64)


def test_arithmetic_whose_source_was_taken_stays_stored() -> None:
    """A rewrite that removes a node takes what was computed from it along."""
    proto = model(VIEW.replace("float[batch,seq,768] x", "float[batch,seq,768] u"))
    proto.graph.node.insert(0, onnx.helper.make_node("Relu", ["u"], ["x"]))
    loaded = normalize(from_proto(proto))
    relu, reshape, _ = loaded.graph.nodes
    reshape.inputs[0] = loaded.graph.inputs[0]
    loaded.graph.nodes.remove(relu)
    saved = to_proto(finish(loaded))
    onnx.checker.check_model(saved, full_check=True)
    assert ops(saved) == ["Reshape", "Transpose"]


def test_nodes_that_a_rewrite_added_stay() -> None:
    """Masks go into models that lose nothing: shape arithmetic comes back around them."""
    loaded = normalized(VIEW)
    x, reshape = loaded.graph.inputs[0], loaded.graph.nodes[0]
    masked = gs.Variable("masked", np.float32, list(x.shape))
    loaded.graph.nodes.insert(0, gs.Node("Mul", "mask", {}, [x, gs.Constant("m", np.float32([0]))], [masked]))
    reshape.inputs[0] = masked
    saved = to_proto(finish(loaded))
    onnx.checker.check_model(saved, full_check=True)
    assert saved.graph.node[0].op_type == "Mul"
    assert ops(saved).count("Shape") == 2
    assert not run(session(saved.SerializeToString()), {"x": noise(1, 2, 768)})["y"].any()


def test_a_dropped_branch_comes_back_with_its_body() -> None:
    """The shape of an If's output is known, so the If goes; undone, it is read again."""
    text = """
    g (bool c, float[4] x, float[2,2] z) => (float[4] y)
    {
        h = If (c) <
            then_branch = t () => (float[4] o) { o = Neg(x) },
            else_branch = e () => (float[4] o) { o = Exp(x) }
        >
        s = Shape(h) y = Reshape(z, s)
    }
    """
    loaded = normalized(text)
    assert ops(loaded) == ["Reshape"]
    assert list(to_proto(finish(loaded)).graph.node) == list(model(text).graph.node)


def test_normalising_twice_changes_nothing(tmp_path: Path) -> None:
    """A file that was pruned has names of ours already."""
    path, again = tmp_path / "a.onnx", tmp_path / "b.onnx"
    save(finish(pruned()), path)
    save(finish(normalize(load(path))), again)
    assert again.read_bytes() == path.read_bytes()


def test_long_chains_are_undone_without_recursion(tmp_path: Path) -> None:
    steps = " ".join(f"h{i + 1} = Neg(h{i})" for i in range(3000))
    text = f"g (float[2,3] h0, float[6] x) => (float[2,3] y) {{ {steps} s = Shape(h3000) y = Reshape(x, s) }}"
    loaded = normalized(text)
    assert ops(loaded) == ["Reshape"]
    assert ops(finish(loaded)) == ["Neg"] * 3000 + ["Shape", "Reshape"]
