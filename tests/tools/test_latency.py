"""The table of targets in time, from rows."""

from __future__ import annotations

import pytest

from tools import latency


def test_a_page_of_rows() -> None:
    row = {"trials": [0.62, 0.6], "ratio": [0.606, 0.59, 0.62], "macs": 0.55, "met": True, "seconds": 12.3}
    missed = {"trials": [0.5], "ratio": [0.44, 0.43, 0.45], "macs": 0.3, "met": False, "seconds": 2.0}
    text = latency.page({"net | 0.6": row, "net | 0.4": missed, "odd | 0.6": {"failed": "nothing to prune"}})
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| net")]
    assert cells[0] == ["net", "0.6", "62.0", "2", "60.6", "59.0 to 62.0", "+1.0", "55.0", "12"]
    assert cells[1] == ["net", "0.4", "50.0", "1, not met", "44.0", "43.0 to 45.0", "+10.0", "30.0", "2"]
    assert "- odd | 0.6: nothing to prune" in text


def test_no_such_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert latency.main(["--only", "no such model"]) == 2
    assert "no model of that name" in capsys.readouterr().err
