"""The table of what training brings back, from rows."""

from __future__ import annotations

import pytest

from tools.recovering import __main__ as recovering
from tools.recovering import page


def test_a_page_of_rows() -> None:
    rows = {
        "net | 0.5 | repaired | 0": {"kept": 0.95, "steps": 0},
        "net | 0.5 | repaired | 4": {"kept": 0.991, "steps": 800},
        "net | 0.5 | scratch | 4": {"kept": 0.5, "steps": 790},
        "other | 0.5 | repaired | 0": {"kept": 0.97, "steps": 0},
        "other | 0.5 | repaired | 4": {"failed": "nothing to learn"},
    }
    text = page.render(rows)
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == ["model", "repaired, untrained", "repaired, 4 min", "scratch, 4 min"]
    assert lines[2:] == [
        ["net", "95.0", "99.1 (800)", "50.0 (790)"],
        ["other", "97.0", "-", "-"],
        ["median", "96.0", "-", "-"],
    ]
    assert "- other, repaired: nothing to learn" in text


def test_criteria_stand_beside_each_other_before_and_after() -> None:
    rows = {
        "net | 0.5 | repaired | 0 | fisher": {"kept": 0.95, "steps": 0},
        "net | 0.5 | repaired | 2 | fisher": {"kept": 0.98, "steps": 80},
        "net | 0.5 | repaired | 2 | random": {"kept": 0.9, "steps": 80},
        "net | 0.5 | repaired | 2": {"kept": 0.99, "steps": 80},
    }
    lines = [[c.strip() for c in x.strip("|").split("|")] for x in page.render(rows).splitlines() if x.startswith("|")]
    assert lines[4:] == [
        ["model", "fisher, untrained", "fisher, 2 min", "random, untrained", "random, 2 min"],
        lines[5],
        ["net", "95.0", "98.0", "-", "90.0"],
    ]


def test_no_such_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert recovering.main(["--only", "no such model"]) == 2
    assert "no model or way of that name" in capsys.readouterr().err
