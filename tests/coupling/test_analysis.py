"""What the analyzer reads off a solved graph."""

import numpy as np
import onnx
import onnx.parser
import onnx_graphsurgeon as gs
import pytest

from onnxprune.coupling import Analysis, analyze, notation
from onnxprune.coupling.terms import Atom, leaves
from tests.oracle import analysed

MLP = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6] c, float[6,3] b>
         { h = MatMul(x, a) s = Add(h, c) z = Relu(s) y = MatMul(z, b) }"""


def analysis(text: str, opset: int = 21) -> Analysis:
    return analysed(text, opset)[1]


def test_a_group_is_what_contains_one_atom() -> None:
    found = analysis(MLP)
    assert [(g.id, g.size, [str(s) for s in g.members]) for g in found.prunable] == [
        ("a[1]", 6, ["a[1]", "c[0]", "b[0]"])
    ]
    assert {g.id: [str(c) for c in g.locked] for g in found.groups if g.locked} == {
        "a[0]": ["'x': graph input"],
        "b[1]": ["'y': graph output"],
    }


def test_groups_on_one_axis_are_numbered() -> None:
    found = analysis(
        """g (float[2,4] x) => (float[] y) <float[4,6] a, int64[3] s = {2, 2, 3}, int64[2] t = {2, 6}, float[6,3] b>
           { h = MatMul(x, a) r = Reshape(h, s) u = Transpose <perm = [0, 2, 1]> (r) z = Reshape(u, t)
             y = MatMul(z, b) }"""
    )
    assert [g.id for g in found.prunable] == ["a[1]", "a[1].2"]
    assert [g.size for g in found.prunable] == [2, 3]
    group = found.prunable[0]
    assert notation(found, group.members[0].term) == "(g1 g2)"
    assert notation(found, group.members[1].term) == "(g2 g1)"


def test_a_site_that_holds_an_atom_twice_is_one_member() -> None:
    found = analysis(
        """g (float[2,4] x) => (float[] y) <float[4,6] a, float[12,3] b>
           { h = MatMul(x, a) z = Concat <axis = 1> (h, h) y = MatMul(z, b) }"""
    )
    assert [str(s) for s in found.prunable[0].members] == ["a[1]", "b[0]"]


def test_group_of_an_atom() -> None:
    found = analysis(MLP)
    group = found.prunable[0]
    assert found.group_of(group.atom) is group
    assert found.group_of(Atom(6)) is None
    (leaf,) = leaves(found.terms["z"][1])
    assert found.group_of(leaf) is group


def test_terms_and_tensors_tell_the_same() -> None:
    found = analysis(MLP)
    assert {tensor.name for tensor, _ in found.tensors} == set(found.terms) == {"x", "a", "c", "b", "h", "s", "z", "y"}
    assert all(len(axes) == len(tensor.shape) for tensor, axes in found.tensors)


def test_axes_that_ops_work_along_are_kernels() -> None:
    found = analysis(
        "g (float[1,3,6,6] x) => (float[] y) <float[4,3,3,3] a, float[2,4,1,1] b> { h = Conv(x, a) y = Conv(h, b) }"
    )
    assert [g.id for g in found.groups if g.kernel] == ["a[2]", "a[3]"]


def test_unknown_ops_are_counted() -> None:
    header = '<ir_version: 10, opset_import: ["": 21, "custom": 1]>'
    text = f"{header} g (float[2,3] x) => (float[2,3] y) {{ h = custom.Foo(x) y = custom.Foo(h) }}"
    assert analysis(text).unknown == {"Foo": 2}


def test_another_domain_is_another_op() -> None:
    proto = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 21, "custom": 1]>
        g (float[2,4] x) => (float[2,3] y) <float[2,6] h, float[2,6] z>
        { h = MatMul(x, a) z = custom.Relu(h) y = MatMul(z, b) }"""
    )
    for name, shape in (("a", (4, 6)), ("b", (6, 3))):
        values = [0.5] * (shape[0] * shape[1])
        proto.graph.initializer.append(onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, shape, values))
    found = analysed(proto)[1]
    assert not found.prunable
    assert "Relu 'z': no rule for op custom::Relu" in [str(c) for g in found.groups for c in g.locked]


@pytest.mark.parametrize("domain", [None, "", "ai.onnx"])
@pytest.mark.parametrize("op", ["Relu", "If"])
def test_the_standard_domain_has_two_names(domain: str | None, op: str) -> None:
    """The body-less If fails, so that a handler must have been found for it."""
    x, y = gs.Variable("x", np.float32, [2, 3]), gs.Variable("y", np.float32, [2, 3])
    found = analyze(gs.Graph([gs.Node(op, "n", {}, [x], [y], domain=domain)], [x], [y]), {"ai.onnx": 21})
    assert not found.unknown
    assert len(found.defects) == (op == "If")


def test_causes_name_the_node_that_couples() -> None:
    """Behind a body as well, whose nodes have causes of their own."""
    found = analysis(
        """g (float[2,4] x, bool t) => (float[] y) <float[4,6] a, float[4,6] d, float[6,3] b>
           { h = MatMul(x, a) k = MatMul(x, d)
             z = If (t) <then_branch = p () => (float[2,6] u) { u = Identity(h) },
                         else_branch = q () => (float[2,6] v) { v = Identity(k) }>
             y = MatMul(z, b) }"""
    )
    tie = [edge for edge in found.solver.edges if edge.cause.op == "If"]
    assert [(edge.kind, edge.cause.node) for edge in tie if edge.a.size == 6] == [("same", "z")]


def test_the_coupling_graph_leads_from_site_to_site() -> None:
    found = analysis(MLP)
    graph = found.coupling_graph()
    assert {n for n in graph if isinstance(n, str)} == {"a[0]", "a[1]", "c[0]", "b[0]", "b[1]"}
    assert {edge["kind"] for _, _, edge in graph.edges(data=True)} == {"same", "site"}
    atoms = set(graph.neighbors("a[1]"))
    assert all(isinstance(n, Atom) for n in atoms)


def test_a_stored_tensor_that_is_given_out_is_locked() -> None:
    found = analysis(MLP.replace("=> (float[] y)", "=> (float[] y, float[4,6] a)"))
    assert [str(c) for c in found.groups[1].locked] == ["'a': graph output"]
    assert not found.prunable


# ------------------------------------------------------------------------------------------------- linearity


LAYER = """
    h# = MatMul(x, qkv#) r# = Reshape(h#, heads) t# = Transpose <perm = [2, 0, 3, 1, 4]> (r#)
    q# = Gather <axis = 0> (t#, zero) k# = Gather <axis = 0> (t#, one) v# = Gather <axis = 0> (t#, two)
    kt# = Transpose <perm = [0, 1, 3, 2]> (k#) s# = MatMul(q#, kt#) p# = Softmax(s#)
    m# = MatMul(p#, v#) w# = Transpose <perm = [0, 2, 1, 3]> (m#) z# = Reshape(w#, flat)
    d# = MatMul(z#, o#) a# = Add(x, d#) u# = MatMul(a#, up#)
    g#, b# = Split <axis = 2> (u#, halves) c# = Mul(g#, b#) e# = MatMul(c#, down#) x# = Add(a#, e#)
"""
WEIGHTS = "float[8,36] qkv#, float[12,8] o#, float[8,24] up#, float[12,8] down#"
SHARED = """int64[5] heads = {0, 0, 3, 3, 4}, int64[3] flat = {0, 0, 12}, int64[2] halves = {12, 12},
            int64 zero = {0}, int64 one = {1}, int64 two = {2}"""


def layers(count: int) -> str:
    """A small transformer: attention with heads, and a gated MLP, in every layer."""
    inputs = ["x", *(f"x{i}" for i in range(count))]
    body = [LAYER.replace("(x,", f"({inputs[i]},").replace("#", str(i)) for i in range(count)]
    stored = [SHARED, *(WEIGHTS.replace("#", str(i)) for i in range(count))]
    return f"g (float[B,S,8] x) => (float[] y) <{', '.join(stored)}> {{ {''.join(body)} y = Identity({inputs[-1]}) }}"


def test_the_work_grows_with_the_number_of_nodes() -> None:
    """Edges are what the solver did: every further layer costs the same."""
    found = {count: analysis(layers(count)) for count in (1, 2, 4, 8)}
    edges = {count: len(a.solver.edges) for count, a in found.items()}
    per_layer = edges[2] - edges[1]
    assert per_layer > 10
    assert edges[4] - edges[2] == 2 * per_layer
    assert edges[8] - edges[4] == 4 * per_layer
    assert [len(a.prunable) for a in found.values()] == [3, 6, 12, 24]


@pytest.mark.parametrize("count", [2, 5])
def test_layers_are_analysed_alike(count: int) -> None:
    sizes = [g.size for g in analysis(layers(count)).prunable]
    assert sizes == [3, 4, 12] * count
