"""The record of what is coupled, which `explain` shows to people and to programs."""

from __future__ import annotations

from pathlib import Path

import pytest

import onnxprune
from onnxprune.cli.show_explain import MOST_CAUSES, show
from onnxprune.coupling.explanation import Explanation
from tests.cli.conftest import stored
from tests.nets import CNN

NORMED = """agraph (float[2,8] x) => (float[2,4] y)
<float[8,6] a, float[6] scale, float[6] bias, float[6,4] b>
{
  h = MatMul(x, a)
  n = LayerNormalization<axis=-1>(h, scale, bias)
  y = MatMul(n, b)
}"""


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    return stored(CNN, tmp_path / "model.onnx")


def test_letters_are_the_same_in_all_of_it(cnn: Path) -> None:
    found = onnxprune.explain(cnn, "a[0]", "fc[1]")
    terms = {axis.site: axis.term for axis in found.axes}
    letters = {family.id: family.letter for family in found.groups}
    assert terms == {"a[0]": "c", "fc[1]": "c1"} and letters == {"a[0]": "c", "c[0]": "c1"}


def test_runs_of_one_axis_share_it_without_a_path(cnn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = onnxprune.explain(cnn, "a[0][0:3]", "a[0][3:5]")
    assert [(pair.groups, pair.path) for pair in found.pairs] == [(["a[0]"], [])] and found.apart == ""
    show(found)
    assert capsys.readouterr().out == "a[0][0:3] = c and a[0][3:5] = c share c (64 units)\n"


def test_runs_of_two_axes_have_the_path_of_the_axes(cnn: Path) -> None:
    (runs,) = onnxprune.explain(cnn, "a[0][0:3]", "c[1][3:5]").pairs
    (axes,) = onnxprune.explain(cnn, "a[0]", "c[1]").pairs
    assert runs.path == axes.path and axes.path[-1].after == "c[1]"


@pytest.mark.parametrize("other", ["a", "a[0]"])
def test_an_axis_is_not_apart_from_itself(cnn: Path, other: str) -> None:
    found = onnxprune.explain(cnn, "a", other)
    assert (found.pairs, found.apart) == ([], "") and len(found.axes) == 4


def test_why_units_are_inexact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = onnxprune.explain(stored(NORMED, tmp_path / "model.onnx"), "scale")
    (family,) = found.groups
    assert family.state == "inexact" and [cause.split()[0] for cause in family.inexact] == ["LayerNormalization"]
    show(found)
    shown = capsys.readouterr().out
    assert "inexact: removing a unit is not the same as masking it" in shown and family.inexact[0] in shown


def test_what_is_shown_is_in_the_record(cnn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line for people consists of the record's facts: the axes, the members, the first few reasons."""
    found = onnxprune.explain(cnn, "fc")
    show(found)
    shown = capsys.readouterr().out
    for family in found.groups:
        assert f"{family.letter}: {family.units} units, group {family.id}, {family.state}\n" in shown
        assert all(f"locked by {reason.cause}; {reason.advice}\n" in shown for reason in family.locked[:MOST_CAUSES])
        assert all(f"  {axis.site} = {axis.term}\n" in shown for axis in family.members)
    assert shown.count("\n") == _lines(found)


def _lines(found: Explanation) -> int:
    locks = sum(len(family.locked[:MOST_CAUSES]) + len(family.members) for family in found.groups)
    return len(found.axes) + 2 * len(found.groups) + locks
