"""Every slip is noticed: of criteria, budgets, masks, rewriting, plans, proofs and normalisation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.nets import CNN
from tests.oracle import build
from tests.slips import budget, criteria, graph, plan, proof, rewrite
from tests.slips.slip import Slip, found

SLIPS = [slip for room in (criteria, budget, rewrite, proof, plan, graph) for slip in room.SLIPS]


def arguments(test: Any, tmp_path: Path, patch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Every set of arguments that pytest would call a test with."""
    sets: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
            rows = [v if len(names) > 1 else (v,) for v in mark.args[1]]
            sets = [{**one, **dict(zip(names, row, strict=True))} for one in sets for row in rows]
    wanted = inspect.signature(test).parameters
    for number, one in enumerate(sets):
        folder = tmp_path / str(number)
        folder.mkdir()
        yield {**{name: fixture(name, folder, patch) for name in wanted if name not in one}, **one}


def fixture(name: str, folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """What the tests that are named here ask for."""
    if name == "source":
        onnx.save(build(CNN), folder / "model.onnx")
        return folder / "model.onnx"
    return {
        "tmp_path": folder,
        "monkeypatch": patch,
        "build": lambda text: build(text).SerializeToString(),
    }[name]


def call(place: str, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    """Run a test of the suite."""
    test = found("tests", place)
    for given in arguments(test, tmp_path, patch):
        test(**given)


@pytest.mark.parametrize("slip", SLIPS, ids=str)
def test_a_slip_is_noticed(slip: Slip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slip.make(monkeypatch)
    with pytest.raises((Exception, pytest.fail.Exception)):  # an error fails a test as an assertion does
        call(slip.test, tmp_path, monkeypatch)


@pytest.mark.parametrize("place", sorted({slip.test for slip in SLIPS}))
def test_it_passes_without_the_slip(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(place, tmp_path, monkeypatch)
    assert tmp_path.exists()
