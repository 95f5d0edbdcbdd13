"""The pages of the site that are made of the program, and what checks the site."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

import onnxprune
from onnxprune.budget import budgets
from onnxprune.cli import app
from onnxprune.criteria import criteria
from onnxprune.gate.keys import TABLES
from onnxprune.pruning import available
from onnxprune.recipe.keys import OPTIMIZE, STAGES
from onnxprune.repair import repairs
from onnxprune.report.schema import schema
from onnxprune.sparse import sparsifiers
from tools.site import commands, fields, links, offline, operators, pictures, python, registries


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (registries.criteria_page, [one.name for one in criteria()]),
        (registries.budgets_page, [one.name for one in budgets()]),
        (registries.repairs_page, [one.name for one in repairs()]),
        (registries.sparsifiers_page, [one.name for one in sparsifiers()]),
        (registries.passes_page, list(available())),
    ],
)
def test_every_entry_has_a_section_with_its_docstring(page: object, names: list[str]) -> None:
    text = page()  # type: ignore[operator]
    assert [name for name in names if text.count(f"{{ #{name} }}") != 1] == []


def test_criteria_say_what_they_need() -> None:
    text = registries.criteria_page()
    taylor = text.partition("{ #taylor }")[2].partition("###")[0]
    assert "extra `torch`" in taylor and text.index("## Gradients") < text.index("{ #taylor }")
    assert "The default is `obs_loss` with data and `group_l2` without." in text


def test_a_new_criterion_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    first = criteria()[0]
    made = type(first)("by_colour", lambda context, group: None, "Redder units stay.")  # type: ignore[arg-type,return-value]
    monkeypatch.setattr(registries, "criteria", lambda: [first, made])
    assert "### `by_colour` { #by_colour }" in registries.criteria_page()


def test_every_command_and_option_is_there() -> None:
    text = commands.page()
    group = typer.main.get_command(app)
    for name, command in [*group.commands.items(), *group.commands["gate"].commands.items()]:  # type: ignore[attr-defined]
        assert f" {name}\n" in text
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if option != "--help" and option not in text] == []


def test_every_field_is_there() -> None:
    report, gate = fields.report_page(), fields.gate_page()
    records = [schema(), *(one for one in schema()["$defs"].values() if "properties" in one)]
    assert all(f"| `{name}` |" in report for one in records for name in one["properties"])
    assert all(f"| `{key}` | {entry.meaning}" in gate for table in TABLES.values() for key, entry in table.keys.items())
    recipe = fields.recipe_page()
    assert all(f"| `{key}` | {entry.meaning}" in recipe for table in STAGES.values() for key, entry in table.items())
    assert all(f"| `{key}` | {entry.meaning}" in recipe for key, entry in OPTIMIZE.items())
    assert fields.type_of({"type": ["number", "null"]}) == "number or null"
    assert fields.type_of({"type": "array", "items": {"type": "string"}}) == "list of string"


def test_every_public_name_is_there() -> None:
    text = python.page()
    names = [f"onnxprune.{name}" for name in onnxprune.__all__ if name not in ("gate", "__version__")]
    names += [f"onnxprune.gate.{name}" for name in onnxprune.gate.__all__]
    assert [name for name in names if f"      heading: {name}\n" not in text] == []
    assert text.index("heading: onnxprune.optimize\n") < text.index("heading: onnxprune.Options\n")


def test_rules_are_shown_with_what_they_make_of_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [case for case in operators.cases() if case.op in ("Conv", "MatMul")][:12]
    monkeypatch.setattr(operators, "cases", lambda: some)
    operators.forms.cache_clear()
    text = operators.page()
    operators.forms.cache_clear()
    (conv,) = [line for line in text.splitlines() if line.startswith("| `Conv` |")]
    assert "`n i *, o i *, o -> n o *`" in conv and "n (g i) *, (g o) i *" in conv
    assert "| `If` |" in text and "| `Relu` | 1- | `... -> ...` |  |" in text


def test_pictures_are_up_to_date() -> None:
    assert pictures.main(["--check"]) == 0


def test_an_old_picture_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    assert pictures.main([]) == 0
    (tmp_path / "sum.svg").write_text("<svg/>")
    assert pictures.main(["--check"]) == 1


def test_links_are_as_the_site_needs_them() -> None:
    text = "[a](../../action.yml) [b](../data.md#x) [c](https://example.com/x.md) [d](#here)"
    made = links.rewritten(text, "docs/howto/page.md", "howto/page.md")
    assert made == "[a](../source/action.yml) [b](../data.md#x) [c](https://example.com/x.md) [d](#here)"
    assert links.rewritten("[m](docs/gate.md)", "README.md", "index.md") == "[m](gate.md)"
    assert links.rewritten("[m](models/README.md)", "README.md", "index.md") == "[m](source/models/README.md)"


def test_what_is_linked_to_outside_is_published() -> None:
    found = links.outside({"docs/gate.md": "[schema](../onnxprune/gate/gate.schema.json) [how](../CONTRIBUTING.md)"})
    assert {"onnxprune/gate/gate.schema.json", "CONTRIBUTING.md", "models/README.md"} <= set(found)
    assert not any(path.startswith("docs/") for path in found)


def test_sections_of_the_readme() -> None:
    text = "# t\n\nfirst\n\n## a\n\nof a\n\n### deeper\n\n## b\n\nof b\n"
    assert links.section(text, "") == "first" and links.section(text, "b") == "of b"
    assert links.section(text, "a") == "of a\n\n### deeper"


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://unpkg.com/x.js">',
        "<link rel=stylesheet href=https://fonts.example/a.css>",
        '<img alt="x" src="//cdn.example/a.png">',
        "@import url(https://fonts.example/a.css)",
    ],
)
def test_what_a_page_loads_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(text)
    assert len(list(offline.loaded(tmp_path))) >= 1


def test_links_and_own_files_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").write_text('<a href="https://example.com">x</a><link rel="stylesheet" href="a.css">')
    monkeypatch.setattr("sys.argv", ["offline", str(tmp_path)])
    assert offline.main() == 0
    monkeypatch.setattr("sys.argv", ["offline", str(tmp_path / "nowhere")])
    assert offline.main() == 1


def test_folders_in_the_navigation() -> None:
    pytest.importorskip("mkdocs")
    from tools.site import hooks

    config = SimpleNamespace(nav=[{"Home": "index.md"}, {"More": [{"Decisions": "decisions/"}]}])
    hooks.on_config(config)  # type: ignore[arg-type]
    assert config.nav[0] == {"Home": "index.md"}
    files = sorted(os.listdir(links.ROOT / "docs" / "decisions"))
    assert config.nav[1]["More"][0]["Decisions"] == [f"decisions/{name}" for name in files]
