"""The table of what training brings back, from rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.recovering import __main__ as recovering
from tools.recovering import page
from tools.results import Results, Row


def test_a_page_of_rows() -> None:
    rows = {
        "net | 0.5 | repaired | 0": {"kept": 0.95, "steps": 0},
        "net | 0.5 | repaired | 4m": {"kept": 0.991, "steps": 800},
        "net | 0.5 | scratch | 4m": {"kept": 0.5, "steps": 790},
        "other | 0.5 | repaired | 0": {"kept": 0.97, "steps": 0},
        "other | 0.5 | repaired | 4m": {"failed": "nothing to learn"},
    }
    text = page.render(_cells(rows))
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == ["model", "repaired, untrained", "repaired, 4m", "scratch, 4m"]
    assert lines[2:] == [
        ["net", "95.0", "99.1 (800)", "50.0 (790)"],
        ["other", "97.0", "-", "-"],
        ["median", "96.0", "-", "-"],
    ]
    assert "- other, repaired: nothing to learn" in text


def test_criteria_stand_under_each_other_the_best_after_training_first() -> None:
    rows = {
        "net | 0.5 | repaired | 0 | fisher": {"kept": 0.95, "steps": 0},
        "net | 0.5 | repaired | 80 | fisher": {"kept": 0.98, "steps": 80},
        "net | 0.5 | repaired | 80 | random": {"kept": 0.9, "steps": 80},
        "net | 0.5 | repaired | 0 | taylor": {"kept": 0.94, "steps": 0},
        "net | 0.5 | repaired | 80 | taylor": {"kept": 0.99, "steps": 80},
    }
    text = page.render_criteria(_cells(rows))
    lines = [[c.strip() for c in x.strip("|").split("|")] for x in text.splitlines() if x.startswith("|")]
    assert lines[0] == ["criterion", "untrained", "80 steps"]
    assert lines[2:] == [["taylor", "94.0", "99.0"], ["fisher", "95.0", "98.0"], ["random", "-", "90.0"]]


def test_how_far_training_keeps_the_order_of_criteria() -> None:
    after = {"fisher": 0.98, "taylor": 0.97, "random": 0.9, "l2": 0.94}
    rows: dict[str, Row] = {f"net | 0.5 | repaired | 80 | {one}": {"kept": k, "steps": 80} for one, k in after.items()}
    before = {"fisher": 0.8, "taylor": 0.9, "random": 0.1, "l2": 0.3}
    rows |= {f"net | 0.5 | repaired | 0 | {one}": {"kept": k, "steps": 0} for one, k in before.items()}
    assert page.render_criteria(_cells(rows)).endswith("first and the last column: 0.80.\n")
    del rows["net | 0.5 | repaired | 0 | l2"]
    assert "Spearman" not in page.render_criteria(_cells(rows))


def test_a_page_is_left_alone_where_there_is_nothing_for_it(tmp_path: Path) -> None:
    rows = Results("recovering", tmp_path)
    rows.keep("net | 0.5 | repaired | 80 | fisher", "key", {"kept": 0.98, "steps": 80})
    assert page.write(rows, tmp_path / "a.md", tmp_path / "b.md") == tmp_path / "b.md"
    assert not (tmp_path / "a.md").exists() and " 98.0 |" in (tmp_path / "b.md").read_text(encoding="utf-8")


def test_machines_are_those_that_rows_were_made_on() -> None:
    rows: dict[str, Row] = {
        "net | 0.5 | repaired | 0": {"kept": 0.95, "steps": 0, "machine": "Machine: a."},
        "net | 0.5 | repaired | 4m": {"kept": 0.98, "steps": 80, "machine": "Machine: b."},
    }
    assert "\n\nMachine: a.\nMachine: b.\nVersions: " in page.render(_cells(rows))


def test_pages_hold_what_is_kept(tmp_path: Path) -> None:
    """Nothing was written into them by hand, and nothing was measured and left out."""
    page.write(page.kept(), tmp_path / "recovery.md", tmp_path / "criteria.md")
    for file in (page.FILE, page.CRITERIA):
        assert _tables(tmp_path / file.name) == _tables(file) != []


def _tables(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(("|", "## "))]


def _cells(rows: dict[str, Row]) -> dict[tuple[str, ...], Row]:
    return {tuple(name.split(" | ")): row for name, row in rows.items()}


def test_no_such_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert recovering.main(["--only", "no such model"]) == 2
    assert "no model or way of that name" in capsys.readouterr().err
