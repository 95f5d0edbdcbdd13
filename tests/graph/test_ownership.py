"""Which graph a stored tensor belongs to, and what it is called."""

import onnx
from onnx import numpy_helper

from onnxprune.graph import Model, all_stored, finish, from_proto, graphs, normalize, stored, to_proto
from onnxprune.graph.naming import Names, free_name
from onnxprune.graph.ownership import owned
from tests.graph.helpers import model, noise

NESTED = """
g (bool c, float[2] x) => (float[2] y)
{
    y = If (c) <
        then_branch = t () => (float[2] o) {
            a = Add(x, main)
            b = Add(a, then)
            o = If (c) <
                then_branch = tt () => (float[2] p) { q = Add(b, then) p = Add(q, inner) },
                else_branch = te () => (float[2] p) { p = Sub(b, both) }
            >
        },
        else_branch = e () => (float[2] o) { r = Add(x, both) o = Add(r, other) }
    >
}
"""


def nested(**homes: str) -> onnx.ModelProto:
    """Stored tensors and the graphs that they are stored in."""
    proto = model(NESTED)
    then, other = (a.g for a in proto.graph.node[0].attribute)
    inner, last = (a.g for a in then.node[-1].attribute)
    places = {"g": proto.graph, "t": then, "e": other, "tt": inner, "te": last}
    for seed, (name, home) in enumerate(homes.items()):
        places[home].initializer.append(numpy_helper.from_array(noise(2, seed=seed), name))
    return proto


def loaded() -> Model:
    return from_proto(nested(main="g", both="g", then="t", inner="tt", other="e"))


def homes(found: Model) -> dict[str, set[str]]:
    owners = owned(found.graph, found.outer)
    return {graph.name: {t.name for t in owners[id(graph)]} for graph in graphs(found)}


def test_the_innermost_graph_that_holds_all_uses() -> None:
    expected = {"g": {"main", "both"}, "t": {"then"}, "e": {"other"}, "tt": {"inner"}, "te": set()}
    assert homes(loaded()) == expected


def test_what_the_file_stores_outside_stays_outside() -> None:
    """Though only a body reads it."""
    found = loaded()
    assert "main" in {t.name for t in stored(found)}
    assert {t.name for t in all_stored(found)} == {"main", "both", "then", "inner", "other"}


def test_new_tensors_go_where_they_are_read() -> None:
    found = loaded()
    then = found.graph.nodes[0].attrs["then_branch"]
    tensor = then.nodes[0].inputs[1]
    tensor.name = "new"
    assert homes(found)["t"] == {"then", "new"}


def test_what_two_bodies_of_a_body_read_is_the_bodys() -> None:
    found = from_proto(nested(main="g", both="g", then="t", inner="tt", other="e"))
    then = found.graph.nodes[0].attrs["then_branch"]
    first, second = (then.nodes[-1].attrs[n] for n in ("then_branch", "else_branch"))
    tensor = first.nodes[1].inputs[1]
    second.nodes[0].inputs[1] = tensor
    assert "inner" in homes(found)["t"]


def test_files_say_so(tmp_path) -> None:
    saved = to_proto(finish(normalize(loaded())))
    onnx.checker.check_model(saved, full_check=True)
    assert {t.name for t in saved.graph.initializer} == {"main", "both"}


def test_graphs_come_outer_ones_first() -> None:
    assert [g.name for g in graphs(loaded())] == ["g", "t", "e", "tt", "te"]


def test_free_names() -> None:
    assert free_name("a", {"b"}) == "a"
    assert free_name("a", {"a", "a.2"}) == "a.3"
    names = Names(loaded())
    assert [names.new("main"), names.new("main"), names.new("fresh"), names.new("fresh")] == [
        "main.2",
        "main.3",
        "fresh",
        "fresh.2",
    ]
    assert names.new("p") == "p.2"


def test_equal_names_in_bodies_are_told_apart_and_given_back() -> None:
    proto = nested(main="g", both="g", then="t", inner="tt", other="e")
    other = proto.graph.node[0].attribute[1].g
    other.initializer[0].name = "inner"
    other.node[1].input[1] = "inner"
    found = normalize(from_proto(proto))
    assert {t.name for t in all_stored(found)} == {"both", "both/use", "inner", "inner.2", "main", "then", "then/use"}
    saved = to_proto(finish(found))
    assert saved.graph.node[0].attribute[1].g.initializer[0].name == "inner"
    assert saved.graph.node[0].attribute[0].g.node[-1].attribute[0].g.initializer[0].name == "inner"


def test_a_name_that_was_taken_meanwhile_is_not_given_back() -> None:
    proto = nested(main="g", both="g", then="t", inner="tt", other="e")
    other = proto.graph.node[0].attribute[1].g
    other.initializer[0].name = "inner"
    other.node[1].input[1] = "inner"
    found = normalize(from_proto(proto))
    (renamed,) = found.undo.renamed
    found.graph.inputs[1].name = found.undo.renamed[renamed]
    finish(found)
    assert renamed in {t.name for t in all_stored(found)}
