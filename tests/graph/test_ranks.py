"""Which branch of an If can run, where the branches differ in rank."""

from __future__ import annotations

import onnx
import onnx.parser
import onnx_graphsurgeon as gs
import pytest

from onnxprune.graph import Model, from_proto, graphs, normalize

SQUEEZED = """f = If (t) <then_branch = p () => (float[3,4] u) { u = Squeeze(x, two) },
                          else_branch = q () => (float[3,4,S] v) { v = Identity(x) }>"""


def parsed(body: str) -> Model:
    text = f"""<ir_version: 10, opset_import: ["": 21]>
        g (float[3,4,S] x, bool t, bool e, float[1,3,6] h, float[1,24,4] w, float[1,24,6] r, float[5,4,1] k)
        => (float[A] y) <int64[1] zero = {{0}}, int64[1] two = {{2}}, int64 n = {{2}}, bool yes = {{1}}>
        {{ {SQUEEZED} {body} }}"""
    return normalize(from_proto(onnx.parser.parse_model(text)))


def ifs(model: Model) -> dict[str, gs.Node]:
    return {node.outputs[0].name: node for graph in graphs(model) for node in graph.nodes if node.op == "If"}


RUN = "o, y = LSTM <hidden_size = 6> (s, w, r)"


@pytest.mark.parametrize(
    ("body", "live", "shape"),
    [
        (f"s = Unsqueeze(f, zero) {RUN}", "then_branch", [3, 4]),
        (f"a = Relu(f) b = Cast <to = 1> (a) s = Unsqueeze(b, zero) {RUN}", "then_branch", [3, 4]),
        (f"s = Identity(f) {RUN}", "else_branch", [3, 4, "S"]),
        ("y = Conv(f, k)", "else_branch", [3, 4, "S"]),
        ("a = Unsqueeze(f, zero) y = Transpose <perm = [2, 0, 1]> (a)", "then_branch", [3, 4]),
        ("y = Relu(f)", "", None),
        (f"a = Unsqueeze(f, zero) s = Unsqueeze(a, zero) {RUN}", "", None),
        ("y = Transpose(f)", "", None),
    ],
)
def test_what_comes_later_tells(body: str, live: str, shape: list[object] | None) -> None:
    node = ifs(parsed(body))["f"]
    assert node.live == live
    assert node.outputs[0].shape == shape if shape else node.outputs[0].shape is None


def later(condition: str, then: str, otherwise: str) -> str:
    """An If whose branches make c1 and c2."""
    return f"""y = If ({condition}) <then_branch = p1 () => (float[1,3,6] c1) {{ {then} }},
                                  else_branch = p2 () => (float[1,3,6] c2) {{ {otherwise} }}>"""


DEMANDING = "a{0} = Unsqueeze(f, zero) o{0}, c{0} = LSTM <hidden_size = 6> (a{0}, w, r)"
CALM = "c{0} = Identity(h)"


@pytest.mark.parametrize(
    ("condition", "then", "otherwise", "live"),
    [
        ("e", DEMANDING, DEMANDING, "then_branch"),
        ("e", DEMANDING, CALM, ""),
        ("e", CALM, DEMANDING, ""),
        ("yes", DEMANDING, CALM, ""),
    ],
)
def test_both_branches_of_a_later_if_must_demand_it(condition: str, then: str, otherwise: str, live: str) -> None:
    assert ifs(parsed(later(condition, then.format(1), otherwise.format(2))))["f"].live == live


def test_a_loop_may_run_no_turn() -> None:
    body = """y = Loop (n, yes, h) <body = p1 (int64 i, bool ci, float[1,3,6] c0) => (bool co, float[1,3,6] c)
                { co = Identity(ci) a = Unsqueeze(f, zero) o, c = LSTM <hidden_size = 6> (a, w, r, , , c0) }>"""
    assert ifs(parsed(body))["f"].live == ""


def test_a_branch_hands_its_demand_on() -> None:
    """The branch of an If inside which another If makes the tensor that the outer one gives out."""
    body = f"""s = If (e) <then_branch = p1 () => (float[1,3,4] a) {{ a = Unsqueeze(f, zero) }},
                          else_branch = p2 () => (float[1,3,4] b) {{ b = Unsqueeze(f, zero) }}> {RUN}"""
    model = parsed(body)
    assert ifs(model)["f"].live == "then_branch" and ifs(model)["s"].live == ""
    assert ifs(model)["s"].outputs[0].shape == [1, 3, 4]


def test_a_stored_condition_tells() -> None:
    body = """z = If (yes) <then_branch = p1 () => (float[5,4,1] c1) { c1 = Relu(k) },
                            else_branch = p2 () => (float[1,5,4,1] c2) { c2 = Unsqueeze(k, zero) }> y = Relu(z)"""
    node = ifs(parsed(body))["z"]
    assert node.live == "then_branch" and node.outputs[0].shape == [5, 4, 1]


def test_a_condition_may_make_up_for_either_rank() -> None:
    """TorchScript asks for the rank of what it squeezed: with two axes it adds one, with three it doesn't."""
    body = """a = Shape(f) b = Size(a) c = Equal(b, n)
              s = If (c) <then_branch = p1 () => (float[A,B,C] d) { d = Unsqueeze(f, zero) },
                          else_branch = p2 () => (float[A,B,C] l) { l = Identity(f) }>
              m, j = LSTM <hidden_size = 6> (s, w, r) y = Squeeze(j, zero)"""
    found = ifs(parsed(body))
    assert found["f"].live == found["s"].live == ""
