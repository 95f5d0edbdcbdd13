"""What a name on the command line stands for, and where two axes meet that are not coupled."""

from __future__ import annotations

import pytest

from onnxprune.coupling import Analysis
from onnxprune.coupling.explain import Letters, couple
from onnxprune.coupling.meeting import meeting, nearest
from onnxprune.coupling.sites import locate
from onnxprune.errors import InputError
from tests.coupling.test_explain import ATTENTION, analysed

SIDES = """agraph (float[1,3,4,4] x) => (float[1,5,4,4] y)
<float[8,3,1,1] a, float[6,3,1,1] b, float[5,14,1,1] c>
{
  h = Conv(x, a)
  k = Conv(x, b)
  s = Concat<axis=1>(h, k)
  y = Conv(s, c)
}"""


@pytest.fixture
def attention() -> Analysis:
    return analysed(ATTENTION.replace("p = MatMul", "[project] p = MatMul").replace("s = MatMul", "[score] s = MatMul"))


def named(analysis: Analysis, text: str) -> list[str]:
    return [str(site) for site in locate(analysis, text)]


def test_tensors_and_axes(attention: Analysis) -> None:
    assert named(attention, "qkv") == ["qkv[0]", "qkv[1]"] and named(attention, "bias[0]") == ["bias[0]"]
    assert named(attention, "ct") == ["ct[0]", "ct[1]", "ct[2]", "ct[3]"] and named(attention, "qt[3]") == ["qt[3]"]


def test_groups(attention: Analysis) -> None:
    group = next(g for g in attention.groups if "head_dim" in g.roles and "." in g.id)
    assert locate(attention, group.id) == group.members


def test_nodes(attention: Analysis) -> None:
    assert named(attention, "project") == ["qkv[0]", "qkv[1]"]
    assert named(attention, "score") == ["s[0]", "s[1]", "s[2]", "s[3]"]


def test_copies_go_by_the_name_in_the_file(attention: Analysis) -> None:
    assert [s.axis for s in locate(attention, "original[1]", {"qkv": "original"})] == [1]
    assert [str(s) for s in locate(attention, "original", {"qkv": "original"})] == ["qkv[0]", "qkv[1]"]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("qkv[1][0:12]", "(h d)"),
        ("qkv[1][24:36]", "(h d)"),
        ("qkv[1][11:13]", "((h d) + (h d))"),
        ("qkv[1][12]", "(h d)"),
        ("qkv[1][0:36]", "((h d) + (h d) + (h d1))"),
    ],
)
def test_runs_of_units(attention: Analysis, text: str, term: str) -> None:
    (site,) = locate(attention, text)
    assert Letters(attention).term(site.term) == term
    assert str(site) == (text if ":" in text else "qkv[1][12:13]")


def test_a_run_has_a_path_too(attention: Analysis) -> None:
    (values,), (out,) = locate(attention, "qkv[1][24:36]"), locate(attention, "out[0]")
    found = couple(attention, values, out)
    assert [g.size for g in found.groups] == [3, 4] and found.steps[-1].after == "out[0]"
    (keys,) = locate(attention, "qkv[1][12:24]")
    assert [g.size for g in couple(attention, keys, out).groups] == [3]


@pytest.mark.parametrize(("text", "size"), [("qkv[1][30:37]", 36), ("qkv[1][5:5]", 36), ("bias[0][36]", 36)])
def test_runs_that_are_not_there(attention: Analysis, text: str, size: int) -> None:
    with pytest.raises(InputError, match=f"there is no such run, the axis has {size} units"):
        locate(attention, text)


@pytest.mark.parametrize(
    ("text", "close"), [("qkw", "did you mean qkv"), ("projekt", "did you mean project"), ("???", "lists the groups")]
)
def test_what_is_close(attention: Analysis, text: str, close: str) -> None:
    with pytest.raises(InputError, match="no tensor, axis, node or group") as caught:
        locate(attention, text)
    assert close in str(caught.value)


def _meet(analysis: Analysis, one: str, other: str) -> tuple[str, str] | None:
    found = nearest(analysis, locate(analysis, one), locate(analysis, other))
    return None if found is None else (found[2].how, found[2].node)


def test_where_two_axes_meet() -> None:
    analysis = analysed(SIDES)
    assert _meet(analysis, "a[0]", "b[0]") == ("beside", "s")
    assert _meet(analysis, "a[1]", "b[0]") is None, "the input's channels are locked, they meet everything"
    (one,), (other,) = locate(analysis, "a[0]"), locate(analysis, "b[0]")
    found = meeting(analysis, one, other)
    assert found is not None and found.sentence("a[0]", "b[0]", Letters(analysis).term) == (
        "they meet in Concat 's', which puts their units side by side, (c + c1), where each goes alone"
    )


def test_factors_of_one_axis_and_sums(attention: Analysis) -> None:
    (head,), (dims,) = locate(attention, "s[1]"), locate(attention, "vt[3]")
    found = meeting(attention, head, dims)
    assert found is not None and found.how == "crossed"
    chain = analysed(
        "g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,6] b, float[6,5] c> "
        "{ h = MatMul(x, a) [mix] k = MatMul(h, b) y = MatMul(k, c) }"
    )
    assert _meet(chain, "a[1]", "b[1]") == ("sums", "mix") and _meet(chain, "b[1]", "a[1]") == ("makes", "mix")
