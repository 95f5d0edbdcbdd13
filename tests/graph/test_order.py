"""The wiring of a graph, checked and sorted."""

import onnx
import pytest
from onnx import helper

from onnxprune.errors import InputError
from onnxprune.graph.order import ordered
from tests.graph.helpers import model


def graph(*nodes: tuple[str, list[str], list[str]], inputs: str = "x", outputs: str = "y") -> onnx.GraphProto:
    """Nodes as (name, inputs, outputs)."""
    made = [helper.make_node("Sum", reads, makes, name=name) for name, reads, makes in nodes]
    declared = [[helper.make_tensor_value_info(n, 1, [2]) for n in names.split()] for names in (inputs, outputs)]
    return helper.make_graph(made, "g", *declared)


def names(found: onnx.GraphProto) -> list[str]:
    return [n.name for n in ordered(found, (), "m.onnx")]


def test_sorted_graphs_stay_as_they_are() -> None:
    assert names(graph(("b", ["x"], ["t"]), ("a", ["x"], ["u"]), ("c", ["t", "u"], ["y"]))) == ["b", "a", "c"]


def test_sorting_keeps_what_order_it_can() -> None:
    found = graph(("d", ["u", "t"], ["y"]), ("c", ["x"], ["u"]), ("b", ["x"], ["t"]), ("a", [], ["v"]))
    assert names(found) == ["c", "b", "d", "a"]


def test_optional_operands_are_no_names() -> None:
    assert names(graph(("a", ["x", "", "x"], ["y", ""]), ("b", ["y"], ["z", ""]))) == ["a", "b"]


def test_bodies_read_too() -> None:
    text = """
        g (bool c, float[2] x) => (float[2] y)
        {
            a = Neg(x)
            y = If (c) <
                then_branch = t () => (float[2] o) { o = Neg(a) },
                else_branch = e () => (float[2] o) { o = Exp(x) }
            >
        }
    """
    proto = model(text).graph
    shuffled = onnx.GraphProto()
    shuffled.CopyFrom(proto)
    del shuffled.node[:]
    shuffled.node.extend([proto.node[1], proto.node[0]])
    assert [n.op_type for n in ordered(shuffled, (), "m")] == ["Neg", "If"]


REFUSED = {
    r"m.onnx: Sum node 'a' reads 't', which nothing makes": graph(("a", ["x", "t"], ["y"])),
    r"m.onnx: the graph output 'z' is made by nothing": graph(("a", ["x"], ["y"]), outputs="y z"),
    r"m.onnx: Sum node 'a' and Sum node 'b' both make 'y'": graph(("a", ["x"], ["y"]), ("b", ["x"], ["y"])),
    r"m.onnx: Sum node 'a' makes 'x', which is an input or stored tensor already": graph(("a", ["x"], ["x"])),
    r"m.onnx: two graph inputs are called 'x'": graph(("a", ["x"], ["y"]), inputs="x x"),
    r"m.onnx: the graph has a cycle through Sum node 'a'": graph(("a", ["x", "y"], ["y"])),
    r"m.onnx: the graph has a cycle through Sum node 'b', Sum node 'a'": graph(
        ("a", ["x", "u"], ["y"]), ("b", ["y"], ["u"]), ("c", ["u"], ["z"])
    ),
}


@pytest.mark.parametrize(("sentence", "found"), REFUSED.items(), ids=list(REFUSED))
def test_refused(sentence: str, found: onnx.GraphProto) -> None:
    with pytest.raises(InputError) as error:
        ordered(found, (), "m.onnx")
    assert str(error.value) == sentence


def test_a_long_cycle_is_cut_short_in_the_message() -> None:
    nodes = [(f"n{i}", [f"t{(i - 1) % 9}"], [f"t{i}"]) for i in range(9)]
    with pytest.raises(InputError, match=r"a cycle through (Sum node 'n\d', ){3}Sum node 'n\d' and 5 more$"):
        ordered(graph(*nodes, outputs="t0"), (), "m.onnx")


def test_an_unnamed_node_is_named_by_its_output() -> None:
    with pytest.raises(InputError, match="Sum node 'y' reads 't'"):
        ordered(graph(("", ["t"], ["y"])), (), "m.onnx")


def test_two_stored_tensors_of_one_name() -> None:
    proto = graph(("a", ["w"], ["y"]))
    for _ in range(2):
        proto.initializer.append(helper.make_tensor("w", 1, [1], [1.0]))
    with pytest.raises(InputError, match="two stored tensors are called 'w'"):
        ordered(proto, (), "m.onnx")


def test_a_stored_tensor_may_be_declared_as_an_input() -> None:
    proto = graph(("a", ["w"], ["y"]), inputs="x w")
    proto.initializer.append(helper.make_tensor("w", 1, [1], [1.0]))
    assert [n.name for n in ordered(proto, (), "m.onnx")] == ["a"]


def test_outer_names_may_be_read_in_a_body() -> None:
    assert [n.name for n in ordered(graph(("a", ["w"], ["y"])), {"w"}, "m.onnx")] == ["a"]
