"""The frontier tool: what it chooses, how a cell is measured, what the page says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import BenchResult, Samples
from tools import cells
from tools.frontier import __main__ as tool
from tools.frontier import page
from tools.frontier.ways import LEVELS, WAYS
from tools.results import Results


def _recipe(folder: Path) -> Any:
    (folder / "net.onnx").write_bytes(b"a model")
    return SimpleNamespace(name="net", obtain=lambda: folder / "net.onnx")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Nothing is run: results are half zeros, take 0.6 of the time and keep nine tenths."""
    asked: list[Any] = []

    def optimize(file: Path, output: Path, options: Any) -> Any:
        asked.append(options)
        if options.passes == WAYS[1].passes:
            raise InputError("zeros make no layer faster")
        plan = SimpleNamespace(sparse=[{"size": 100, "zeros": 50}])
        counts = {"before": {"macs": 10.0}, "after": {"macs": 8.0}}
        return SimpleNamespace(output=output, plan=plan, reached=True, **counts)

    def bench(models: Any, **_: Any) -> BenchResult:
        dense, fast = Samples((9.0,) * 3, (1.0,) * 3), Samples((9.0,) * 3, (0.6,) * 3)
        return BenchResult(("dense", "fast"), (dense, fast))

    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    monkeypatch.setattr(cells, "optimize", optimize)
    monkeypatch.setattr(tool, "bench", bench)
    monkeypatch.setattr(tool, "timing_feeds", lambda *_: {})
    monkeypatch.setattr(tool, "calibration", lambda *_: tmp_path)
    monkeypatch.setattr(cells, "score", lambda *_: 0.72)
    monkeypatch.setattr(cells, "dense", lambda _: 0.8)
    return asked


def test_a_cell_is_made_and_measured(tmp_path: Path, machine: list[Any]) -> None:
    cell = ("net", WAYS[3], 0.65)
    row = tool.obtained(_recipe(tmp_path), cell)
    assert row["kept"] == pytest.approx(0.9) and row["zeros"] == 0.5 and row["macs"] == 0.8
    assert row["time"] == pytest.approx([0.6, 0.6, 0.6])  # by processor time, not on the wall
    assert machine[0].passes == WAYS[3].passes and machine[0].target.fraction == 0.65
    assert tool.obtained(_recipe(tmp_path), cell) == row == tool.obtained(_recipe(tmp_path), cell, missing=True)
    assert len(machine) == 1 and "90.0% of dense) in 60.0% of its time" in tool.told(row)


def test_what_can_t_be_made_is_told(tmp_path: Path, machine: list[Any]) -> None:
    row = tool.obtained(_recipe(tmp_path), ("net", WAYS[1], 0.5))
    assert tool.told(row) == "zeros make no layer faster" and machine
    text = page.render(Results("frontier").rows())
    assert "## net\n\n- zeros, 16x1: zeros make no layer faster\n" in text


def test_the_page_names_what_nothing_beats() -> None:
    def row(time: float, kept: float, met: bool = True) -> dict[str, Any]:
        return {"time": [time] * 3, "kept": kept, "met": met, "zeros": 0.5, "macs": 1.0, "seconds": 3.2, "score": kept}

    rows = {
        f"net | {WAYS[0].name} | 0.8": row(0.8, 0.99),
        f"net | {WAYS[1].name} | 0.8": row(0.81, 0.98),
        f"net | {WAYS[2].name} | 0.5": row(0.55, 0.9, met=False),
    }
    text = page.render(rows)
    assert "**99.0**" in text and "**98.0**" not in text and "98.0" in text and "**90.0**" in text
    assert "50, not met" in text


def test_what_is_chosen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tool, "at_hand", lambda: ["gpt_austen", "vit_fashion", "other"])
    assert tool.main(["--list", "--only", "vit*", "--target", "0.5"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"vit_fashion | {way.name} | 0.5" for way in WAYS]
    assert tool.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(WAYS) * len(LEVELS)
    assert tool.main(["--way", "none"]) == 2
    assert np.all(np.diff(LEVELS) < 0)
