"""Every command of the how-tos does what it says: on small models with the same names, one after the other."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.runtime import plugin, session
from onnxprune.runtime import run as run_model
from tests.cli.conftest import Run, stored
from tests.docs.pages import ROOT, blocks, commands
from tests.docs.place import place
from tests.nets import CNN
from tests.oracle import build

__all__ = ["place"]  # the fixture

PAGES = [*sorted((ROOT / "docs" / "howto").glob("*.md")), *(ROOT / "docs" / f"{name}.md" for name in ("data", "masks"))]
NOT_MET = ("target latency=0.6 not met: ", "loss ")
"""What may be said of models of which a run takes half a millisecond, or whose answers are those of noise."""


@pytest.fixture
def smaller(place: Path) -> Path:
    """With a smaller model and fewer samples: pages have dozens of commands."""
    text = CNN.replace("fc", "linear").replace("64", "16").replace("96", "32")
    stored(text, place / "model.onnx")
    onnx.save(build(text, seed=1), place / "small.onnx")
    for name in ("calib.npz", "labelled.npz"):
        with np.load(place / name) as whole:
            few = {key: values[:24] for key, values in whole.items()}
        np.savez(place / name, **few)
    return place


def test_every_page_with_commands_is_run_somewhere() -> None:
    elsewhere = {"tutorial.md", "gate.md", "pipelines.md", "recipes.md", "sparse.md"}
    shown = {page.name for page in (ROOT / "docs").rglob("*.md") if commands(page.read_text(encoding="utf-8"))}
    assert shown == {page.name for page in PAGES} | elsewhere


@pytest.mark.usefixtures("smaller")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_run(run: Run, page: Path) -> None:
    _run_all(run, commands(page.read_text(encoding="utf-8")))


@pytest.mark.usefixtures("place")
@pytest.mark.skipif(not plugin.available(), reason="the plug-in isn't built here")
def test_commands_for_sparse_weights_run(run: Run) -> None:
    _run_all(run, commands((ROOT / "docs" / "sparse.md").read_text(encoding="utf-8")))


def _run_all(run: Run, lines: list[str]) -> None:
    assert lines
    for line in lines:
        done = run(*shlex.split(line))
        missed = any(text.startswith(NOT_MET) for text in done.stderr.splitlines())
        assert done.exit_code == int(missed) and "error:" not in done.stderr, f"{line}: {done.output}"


def test_the_python_example_of_scripts(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = _python("scripts.md")
    exec(example, {})  # noqa: S102
    assert capsys.readouterr().out.endswith("\nTrue True\n") and (place / "small.onnx").is_file()


def test_the_metric_of_loss(place: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = _python("loss.md")
    (place / "mine.py").write_text(example)
    monkeypatch.syspath_prepend(place)
    x = np.zeros((1, 3, 16, 16), np.float32)
    (scores,) = run_model(session(place / "model.onnx"), {"x": x}).values()
    np.savez("labelled.npz", x=x, y=scores.argmax(axis=1))
    done = run("optimize", "model.onnx", "-o", "out.onnx", "--max-loss", "0.9", "--metric", "mine:accuracy")
    assert done.exit_code == 0 and "mine:accuracy" in done.stdout, done.output


def _python(name: str) -> list[str]:
    text = (ROOT / "docs" / "howto" / name).read_text(encoding="utf-8")
    return [block.text for block in blocks(text) if block.kind == "python"]
