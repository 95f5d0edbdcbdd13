"""docs/recipes.md: its recipes run, what they print has the rows of today, and its table names every verb."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import onnxprune
from onnxprune import gate
from onnxprune.report.timing import Timed
from tests.cli.conftest import Run
from tests.docs.pages import ROOT, blocks, labels, shown
from tests.recipe.made import PRODUCTS, place

TEXT = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
STEPS = [step for block in blocks(TEXT) if block.kind == "console" for step in shown(block)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small model, data, and the recipe of the page; training has one thread, for others may want the cores."""
    torch = pytest.importorskip("torch")
    place(tmp_path, PRODUCTS)
    for block in blocks(TEXT):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("folder")
def test_the_commands(run: Run) -> None:
    assert len(STEPS) == 3
    for command, expected in STEPS:
        done = run(*shlex.split(command)[1:])
        assert done.exit_code == 0 and "error:" not in done.stderr, done.output
        assert not expected or labels(done.stdout.splitlines()) == labels(expected), done.stdout


@pytest.mark.usefixtures("folder")
def test_the_python_example(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block.text for block in blocks(TEXT) if block.kind == "python"]
    exec(example, {})  # noqa: S102
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["prune", "recover", "quantise"]
    assert all(line.endswith("True") for line in lines) and lines[3:] == ["True True", "True"]


ROWS = re.findall(r"^\| `([a-z_.]+)` \| .*? \| `([A-Z]\w+)`(.*) \|$", TEXT, re.MULTILINE)
"""Verb, the type that it returns, what is told of that."""


def test_the_table_names_every_verb_and_what_it_returns() -> None:
    verbs = {name: getattr(onnxprune, name) for name in onnxprune.__all__}
    verbs |= {f"gate.{name}": getattr(gate, name) for name in ("record", "check")}
    functions = {name: verb for name, verb in verbs.items() if inspect.isroutine(verb)}
    returned = {name: inspect.signature(verb).return_annotation for name, verb in functions.items()}
    assert {verb: kind for verb, kind, _ in ROWS} == returned


@pytest.mark.parametrize(("verb", "kind", "about"), ROWS)
def test_the_table_names_what_there_is(verb: str, kind: str, about: str) -> None:
    returned = getattr(onnxprune, kind, None) or getattr(gate, kind)
    kinds = [returned, Timed] if verb == "bench" else [returned]
    names = re.findall(r"`(\w+)(?:\(\))?`", about.replace("report.json", "report"))
    fields = {name for one in kinds for name in (*vars(one), *getattr(one, "__dataclass_fields__", ()))}
    assert [name for name in names if name not in fields] == []
