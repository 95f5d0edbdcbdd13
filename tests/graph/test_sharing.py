"""Copies of shared constants, and their way back."""

from pathlib import Path

import numpy as np
import pytest

from onnxprune.graph import finish, from_proto, load, normalize, stored, to_proto
from onnxprune.graph.tensors import FileValues
from tests.graph.helpers import model, noise, normalized, ops, round_trip, stored_names, with_weights

TWICE = "g (float[2,4] x) => (float[2,4] y) {{ a = {op}(x, c) y = {op}(a, c) }}"


def shared(op: str, *shape: int) -> list[str]:
    """Names of the stored tensors that two nodes read after normalisation, one each."""
    proto = with_weights(model(TWICE.format(op=op)), c=np.abs(noise(*shape)))
    nodes = normalize(from_proto(proto)).graph.nodes
    return [node.inputs[1].name for node in nodes]


@pytest.mark.parametrize("op", ["Add", "Mul", "Sub", "Div", "Pow", "Max", "Min"])
def test_a_constant_that_is_no_weight_gets_a_copy_for_every_use(op: str) -> None:
    assert shared(op, 4) == ["c/use", "c"]


@pytest.mark.parametrize("op", ["MatMul", "PRelu"])
def test_weights_stay_tied(op: str) -> None:
    assert shared(op, 4, 4)[0] == shared(op, 4, 4)[1] == "c"


def test_copies_share_their_memory(tmp_path: Path) -> None:
    """In the file they are not read for it either."""
    proto = with_weights(model(TWICE.format(op="Add").replace("4]", "400]")), c=noise(400))
    path = tmp_path / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    first, second = (node.inputs[1] for node in normalize(load(path)).graph.nodes)
    assert isinstance(first._values, FileValues)
    assert first.values is second.values


def test_equal_copies_are_merged_under_the_first_name(tmp_path: Path) -> None:
    proto = with_weights(model(TWICE.format(op="Add")), c=noise(4))
    assert stored_names(round_trip(proto, tmp_path)) == {"c"}


def test_copies_that_became_unequal_stay_apart() -> None:
    proto = with_weights(model(TWICE.format(op="Add")), c=noise(4))
    loaded = normalize(from_proto(proto))
    loaded.graph.nodes[0].inputs[1].values = noise(1)
    assert stored_names(to_proto(finish(loaded))) == {"c", "c/use"}


def test_copies_that_became_equal_in_another_way_are_merged() -> None:
    proto = with_weights(model(TWICE.format(op="Add")), c=noise(4))
    loaded = normalize(from_proto(proto))
    for node in loaded.graph.nodes:
        node.inputs[1].values = np.float32([1])
    assert stored_names(to_proto(finish(loaded))) == {"c"}


def test_a_copy_that_became_another_leaves_the_name_to_the_tensor_itself() -> None:
    thrice = model("g (float[2,4] x) => (float[2,4] y) { a = Add(x, c) b = Add(a, c) y = Add(b, c) }")
    loaded = normalize(from_proto(with_weights(thrice, c=noise(4))))
    loaded.graph.nodes[0].inputs[1].values = noise(1)
    assert [node.inputs[1].name for node in finish(loaded).graph.nodes] == ["c/use", "c", "c"]


def test_copies_of_one_shape_that_became_unequal_stay_apart() -> None:
    loaded = normalize(from_proto(with_weights(model(TWICE.format(op="Add")), c=noise(4))))
    first = loaded.graph.nodes[0].inputs[1]
    first.values = -first.values
    assert len(stored(finish(loaded))) == 2


def test_not_a_number_is_equal_to_itself() -> None:
    proto = with_weights(model(TWICE.format(op="Add")), c=np.full(4, np.nan, np.float32))
    assert len(stored(finish(normalize(from_proto(proto))))) == 1


def test_names_of_an_earlier_run_are_not_taken_twice() -> None:
    proto = with_weights(model("g (float[4] x) => (float[4] y) { a = Add(x, c) b = Add(a, c) y = Add(b, d) }"))
    with_weights(proto, c=noise(4), d=noise(4, seed=1))
    for tensor in proto.graph.initializer:
        tensor.name = tensor.name.replace("d", "c/use")
    proto.graph.node[2].input[1] = "c/use"
    loaded = normalize(from_proto(proto))
    assert [n.inputs[1].name for n in loaded.graph.nodes] == ["c/use.2", "c", "c/use"]
    assert stored_names(to_proto(finish(loaded))) == {"c", "c/use"}


def test_lengths_that_many_nodes_read_are_theirs() -> None:
    text = """
    g (float[b,6] x, float[b,6] z) => (float[b,2,3] p, float[b,2,3] q)
    { t = Constant <value_ints = [-1, 2, 3]> () p = Reshape(x, t) q = Reshape(z, t) }
    """
    nodes = normalized(text).graph.nodes
    assert nodes[0].inputs[1] is not nodes[1].inputs[1]


def test_bodies_share_too() -> None:
    text = """
    g (bool c, float[4] x) => (float[4] y)
    {
        y = If (c) <
            then_branch = t () => (float[4] o) { o = Add(x, w) },
            else_branch = e () => (float[4] o) { o = Sub(x, w) }
        >
    }
    """
    loaded = normalize(from_proto(with_weights(model(text), w=noise(4))))
    bodies = [loaded.graph.nodes[0].attrs[n] for n in ("then_branch", "else_branch")]
    assert bodies[0].nodes[0].inputs[1] is not bodies[1].nodes[0].inputs[1]
    assert stored_names(to_proto(finish(loaded))) == {"w"}


def test_weights_of_other_domains_are_left_alone() -> None:
    header = '<ir_version: 8, opset_import: ["": 18, "org": 1]>'
    text = f"{header} g (float[4] x) => (float[4] y) {{ a = org.F(x, c) y = org.F(a, c) }}"
    loaded = normalize(from_proto(with_weights(model(text), c=noise(4))))
    assert [n.inputs[1].name for n in loaded.graph.nodes] == ["c", "c"]


def test_a_reader_that_comes_back_finds_its_name_taken_by_no_copy(tmp_path: Path) -> None:
    """The Unsqueeze is folded, and back in a model that lost nothing; by then copies have been merged."""
    text = """g (float[2,4] x) => (float[2,4] y) <int64[1] k = {0}, int64 z = {0}, int64[1] n = {4}, int64[1] two = {2},
                                               int64[1] one = {1}>
              { a = Slice(x, k, two, one) b = Slice(x, k, two, one) c = Concat <axis = 1> (a, b)
                s = Shape(x) i = Gather(s, z) u = Unsqueeze(i, k) t = Concat <axis = 0> (u, n) y = Reshape(c, t) }"""
    saved = round_trip(model(text), tmp_path)
    assert [t.name for t in saved.graph.initializer].count("k") == 1 and "Unsqueeze" in ops(saved)
