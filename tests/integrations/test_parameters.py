"""Parameters of other programs are the keys of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onnxprune.errors import InputError
from onnxprune.integrations.parameters import PARAMETERS, kind, recipe
from onnxprune.pruning import Options, Target


def test_nothing_said_is_the_default() -> None:
    assert recipe(dict.fromkeys(PARAMETERS)).options == recipe({}).options == Options(made_up=True)


def test_what_is_said() -> None:
    found = recipe({"target": "params=0.6", "pass": ["channels"], "seed": 3, "align": 8, "report": "report"})
    assert found.options == Options(target=Target("params", 0.6), passes=("channels",), seed=3, align=8, made_up=True)
    assert found.report == Path("report")


def test_what_is_said_wins_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('target = "macs=0.4"\nseed = 7\n', encoding="utf-8")
    found = recipe({"recipe": str(file), "target": "params=0.6"}).options
    assert found.target == Target("params", 0.6) and found.seed == 7


@pytest.mark.parametrize(
    ("name", "found"),
    [("target", str), ("pass", list), ("samples", int), ("max_loss", float), ("dims", dict), ("verify", bool)],
)
def test_types(name: str, found: type) -> None:
    assert kind(name) is found


def test_values_of_several_types() -> None:
    assert kind("align") is kind("recover") is Any and kind("provider") is str


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"targets": "macs=0.5"}, "there is no key 'targets'; did you mean target"),
        ({"target": "macs"}, "target should be a quantity and a fraction of it"),
        ({"output": "x.onnx", "seed": -1}, "seed should be"),
    ],
)
def test_refusals(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        recipe(values)
