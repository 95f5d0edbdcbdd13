"""What normalising wrote in another way is as it was where nothing was pruned, and stays where something was."""

from pathlib import Path

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest

from onnxprune.graph import Model, finish, from_proto, load, normalize, save, to_proto
from onnxprune.runtime import run, session
from tests.graph.helpers import model, noise, normalized, ops, round_trip, with_weights
from tests.graph.spellings import EXPAND, FOLD_HEADS, VIEW


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
