"""Paths between weights: only through axes that contain the unit in question."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import onnx
import pytest

from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.explain import Letters, couple, groups_of
from onnxprune.coupling.graphml import labelled, write_graphml
from onnxprune.coupling.sites import locate
from onnxprune.graph import from_proto, normalize
from tests.oracle import build

# fused QKV, split, heads made by Reshape: pieces of one axis that go apart
ATTENTION = """agraph (float[2,3,8] x) => (float[2,3,8] y)
<float[8,36] qkv, float[36] bias, int64[4] shape = {0, 0, 3, 4}, int64[3] flat = {0, 0, 12}, float[12,8] out>
{
  p = MatMul(x, qkv)
  f = Add(p, bias)
  q, k, v = Split<axis=2, num_outputs=3>(f)
  q1 = Reshape(q, shape)
  k1 = Reshape(k, shape)
  v1 = Reshape(v, shape)
  qt = Transpose<perm=[0,2,1,3]>(q1)
  kt = Transpose<perm=[0,2,3,1]>(k1)
  vt = Transpose<perm=[0,2,1,3]>(v1)
  s = MatMul(qt, kt)
  a = Softmax<axis=-1>(s)
  c = MatMul(a, vt)
  ct = Transpose<perm=[0,2,1,3]>(c)
  cf = Reshape(ct, flat)
  y = MatMul(cf, out)
}"""


def analysed(text: str) -> Analysis:
    model = normalize(from_proto(onnx.ModelProto.FromString(build(text).SerializeToString())))
    return analyze(model.graph, model.opsets)


@pytest.fixture
def attention() -> Analysis:
    return analysed(ATTENTION)


def test_terms_have_letters_by_role(attention: Analysis) -> None:
    (site,) = locate(attention, "qkv[1]")
    letters = Letters(attention)
    assert letters.term(site.term) == "((h d) + (h d) + (h d1))"
    assert [g.size for g in letters.named.values()] == [3, 4, 4]
    assert letters.term(locate(attention, "out[0]")[0].term) == "(h d1)"
    assert letters.term(locate(attention, "qkv[0]")[0].term) == "8"


def test_a_path_goes_down_into_pieces_and_up_again(attention: Analysis) -> None:
    (one,), (other,) = locate(attention, "bias"), locate(attention, "out[0]")
    found = couple(attention, one, other)
    assert [g.size for g in found.groups] == [3, 4]
    assert found.steps[0].before == "bias[0]" and found.steps[-1].after == "out[0]"
    assert [a.after == b.before for a, b in zip(found.steps, found.steps[1:], strict=False)] == [True] * (
        len(found.steps) - 1
    )
    assert {step.cause.op for step in found.steps} <= {"Split", "Reshape", "MatMul", "Transpose"}
    assert found.steps[0].verb == "has the piece" and found.steps[-1].verb == "is a piece of"


def test_axes_of_one_tensor_need_not_be_coupled(attention: Analysis) -> None:
    (width,), (fused,) = locate(attention, "out[1]"), locate(attention, "qkv[1]")
    found = couple(attention, width, fused)
    assert found.groups == [] and found.steps == []


def test_a_site_with_itself_needs_no_path(attention: Analysis) -> None:
    (site,) = locate(attention, "qkv[1]")
    found = couple(attention, site, site)
    assert len(found.groups) == 3 and found.steps == []


def test_groups_of_sites_come_in_graph_order(attention: Analysis) -> None:
    found = groups_of(attention, locate(attention, "out"))
    assert found == [g for g in attention.groups if g in found] and {g.size for g in found} == {3, 4, 8}


def test_graphml_says_what_is_what(attention: Analysis, tmp_path: Path) -> None:
    write_graphml(attention, tmp_path / "graph.graphml")
    read = nx.read_graphml(tmp_path / "graph.graphml")
    assert read.number_of_nodes() == attention.coupling_graph().number_of_nodes()
    by_label = {data["label"]: data for _, data in read.nodes(data=True)}
    assert by_label["qkv[1]"]["kind"] == "weight" and by_label["qkv[1]"]["units"] == 36
    assert by_label["qkv[1]"]["group"].count(",") == 2
    assert "'y': graph output" in by_label["out[1]"]["locked"].split("; ") and by_label["out[1]"]["natural"] is True
    assert by_label["out[0]"]["locked"] == "" and by_label["out[0]"]["natural"] is False
    assert {data["kind"] for _, data in read.nodes(data=True)} == {"weight", "axis", "cut"}
    assert {data["kind"] for _, _, data in read.edges(data=True)} == {"site", "same", "part"}
    tied = [data for _, _, data in read.edges(data=True) if data["kind"] != "site"]
    assert {data["op"] for data in tied} >= {"Split", "Reshape", "MatMul"} and all(data["node"] for data in tied)


def test_graphml_survives_control_characters(tmp_path: Path) -> None:
    proto = build(
        "agraph (float[2,8] x) => (float[2,4] y) <float[8,6] a, float[6,4] b> { h = MatMul(x, a) y = MatMul(h, b) }"
    )
    proto.graph.initializer[0].name = proto.graph.node[0].input[1] = "a\x01<&"
    model = normalize(from_proto(proto))
    path = tmp_path / "graph.graphml"
    write_graphml(analyze(model.graph, model.opsets), path)
    assert "a?<&[0]" in {data["label"] for _, data in nx.read_graphml(path).nodes(data=True)}


def test_an_interrupted_graphml_leaves_nothing(
    attention: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nx, "write_graphml", fail)
    with pytest.raises(OSError, match="No space"):
        write_graphml(attention, tmp_path / "graph.graphml")
    assert list(tmp_path.iterdir()) == [] and labelled(attention).number_of_edges() > 0
