from typing import Any

import pytest

from tools import page, page_models, page_peers
from tools.peer_torch import Way
from tools.table import interval, number, table

GOOD: dict[str, Any] = {
    "nodes": 7,
    "unknown": {},
    "macs": [100.0, 49.0],
    "params": [10.0, 6.0],
    "fraction": 0.49,
    "met": True,
    "proof": {"status": "proved", "error": 2e-7, "noise": 0.0, "draws": 1, "reason": ""},
    "seconds": {"load": 0.1, "analyse": 0.02, "choose": 0.3, "shrink": 0.4, "prove": 1.5},
    "groups": 2,
    "locked": ["'y': graph output"],
    "bytes": [4_000_000, 2_100_000],
    "ms": [10.0, 4.8],
    "ratio": [2.08, 2.0, 2.15],
    "cpu_ratio": [2.1, 2.0, 2.2],
    "memory": {"peak": 60_000_000, "imports": 50_000_000, "size": 4_000_000},
}


def test_table() -> None:
    assert table(("a", "b"), [("x|y", 1)]) == "| a    |   b |\n| ---- | --: |\n| x\\|y |   1 |"
    with pytest.raises(ValueError, match="every row needs 2 cells"):
        table(("a", "b"), [(1,)])


def test_numbers() -> None:
    assert (number(1.005, 1), number(None)) == ("1.0", "-")
    assert (interval([1.9, 1.8, 2.0]), interval(None)) == ("1.90 (1.80 to 2.00)", "-")


def _cells(text: str, start: str) -> list[list[str]]:
    return [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith(f"| {start}")]


def test_a_model_has_a_row_of_results_and_one_of_costs() -> None:
    result, cost = _cells(page_models.rendered({"zoo": {"net": GOOD}}), "net")
    assert result == [
        "net",
        "7",
        "0.490",
        "0.600",
        "4.0 → 2.1",
        "proved",
        "2e-07",
        "10.00 → 4.80",
        "2.08 (2.00 to 2.15)",
        "2.10",
    ]
    assert cost == ["net", "0.10", "0.02", "0.30", "0.40", "1.50", "10", "4.0", "2.5"]


def test_what_is_not_as_it_should_be_is_said() -> None:
    rows = {
        "broken": {"failed": "no memory"},
        "stiff": {
            **GOOD,
            "met": False,
            "unknown": {"Foo": 3},
            "proof": {**GOOD["proof"], "status": "skipped", "reason": "late"},
        },
    }
    text = page_models.rendered({"trained": rows})
    assert "- broken failed: no memory" in text
    assert "- (1) stiff: the target was not met; locked, for instance: 'y': graph output" in text
    assert "- (2) stiff: nodes without a rule, whose channels stay: 3 Foo" in text
    assert "- stiff: the proof was skipped: late" in text
    assert _cells(text, "broken") == []
    assert _cells(text, "stiff")[0][0] == "stiff (1) (2)"


def test_a_model_that_was_not_timed_or_measured_has_dashes() -> None:
    row = {k: v for k, v in GOOD.items() if k not in ("ms", "ratio", "cpu_ratio")}
    row |= {"untimed": "it needs a file", "memory": {"failed": "killed"}}
    text = page_models.rendered({"zoo": {"net": row}})
    result, cost = _cells(text, "net")
    assert result[-3:] == ["-", "-", "-"]
    assert cost[-3:] == ["-", "-", "-"]
    assert "- net: not timed: it needs a file" in text


def test_compile_times() -> None:
    row = {
        "ours": {"total": 0.2, "load": 0.05},
        "torch-pruning": {"total": 0.8},
        "apply_structured_pruning": {"total": 0.4},
        "apply_structured_pruning_cpp": {"failed": "TypeError: no"},
    }
    text = page_peers.rendered({"net": row, "other": {"failed": "exit status 1"}}, {}, {})
    assert _cells(text, "net") == [["net", "0.05", "0.20", "0.80", "0.25", "0.40", "-"]]
    assert "- other: exit status 1" in text


def test_speed_of_the_best_way_stands_beside_ours() -> None:
    found = {"macs": 0.49, "ms": [10.0, 5.0], "ratio": [2.0, 1.9, 2.1], "cpu_ratio": [2.0, 1.9, 2.1]}
    way, other = str(Way(16, True)), str(Way(4))
    row = {
        "ways": {"ours": found, way: found, other: found},
        "failed": {"uniform, multiples of 8": "ValueError: no"},
        "best": way,
        "final": {way: found, "ours": found, "ours, same work": found},
    }
    text = page_peers.rendered({}, {"net": row, "gone": {"failed": "exit status 1"}}, {})
    assert [cells[1] for cells in _cells(text, "net")] == [
        "Torch-Pruning, uniform, multiples of 4",
        "Torch-Pruning, global, multiples of 16 (its best)",
        "**onnxprune**",
        "**onnxprune, same work**",
    ]
    assert "- net, uniform, multiples of 8: ValueError: no" in text
    assert "- gone: exit status 1" in text


def test_the_page_holds_what_there_is() -> None:
    empty = page.render({})
    assert empty.startswith("# Benchmarks\n")
    assert "## " not in empty
    line = {"layers": 4, "nodes": 100, "groups": 9, "normalise": 0.01, "analyse": 0.03}
    whole = page.render({"zoo": {"net": GOOD}, "linearity": {"llama": {"rows": [line, {**line, "nodes": 200}]}}})
    assert [cells[-1] for cells in _cells(whole, "4 ")] == ["1.00", "0.50"]
    assert whole.count("\n## ") == 2


def test_how_far_each_tool_gets() -> None:
    good = {"outcome": "pruned", "macs": 0.27, "seconds": 1.0, "ratio": [3.1, 3.0, 3.2]}
    row = {"onnxprune": good, "onnxsim": {"outcome": "nothing", "macs": 1.0, "seconds": 0.4}}
    row["qonnx"] = {"outcome": "failed", "reason": "AssertionError: a | b"}
    text = page_peers.rendered({}, {}, {"net": row})
    lines = [[cell.strip() for cell in line.split(" | ")] for line in text.splitlines() if "net" in line]
    assert lines == [
        ["| net", "onnxprune", "0.270", "1.00", "3.10", "|"],
        ["| net", "onnxsim", "nothing", "0.40", "-", "|"],
        ["| net", "qonnx", "failed", "-", "-", "AssertionError: a / b |"],
    ]
