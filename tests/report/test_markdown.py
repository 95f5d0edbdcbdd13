"""report.md: tables for a pull-request comment."""

from __future__ import annotations

from dataclasses import replace

from onnxprune.report import Report, markdown
from onnxprune.report.record import Width


def test_before_and_after(report: Report) -> None:
    text = markdown(report)
    assert text.startswith("## `model.onnx`: pruned by onnxprune\n\n|  | before | after | left |\n| --- | ---: |")
    assert "| MACs | 11.5 M | " in text and "| latency, median | " in text
    assert "- target: macs=0.5 met: " in text and "- proof: proved: " in text
    assert f"`{report.command}`" in text and text.endswith("`\n")


def test_every_table_is_rectangular(report: Report) -> None:
    tables = [block for block in markdown(report).split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for block in tables:
        assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1


def test_names_cant_break_a_cell(report: Report) -> None:
    width = Width("a|b`c", "channels", False, 8, 4, 2, None)
    lock = replace(report.locked[0], sentence="w[0] is locked by Mul 'a|b': <reason> of *this*")
    text = markdown(replace(report, groups=[width], locked=[lock]))
    assert "| `a\\|b'c` | channels | 8 | 4 | no |" in text
    assert "| nature | w[0] is locked by Mul 'a\\|b': &lt;reason> of \\*this\\* |" in text


def test_what_is_missing_is_left_out_or_said(report: Report) -> None:
    bare = replace(
        report, latency=None, fidelity=None, not_measured="it doesn't run", target=None, groups=[], locked=[],
        passes=[], unknown_ops={"Mystery": 2}, warnings=["mind the gap"],
    )  # fmt: skip
    text = markdown(bare)
    assert "latency" not in text and "details" not in text and "target:" not in text
    assert "- fidelity: not measured: it doesn't run" in text
    assert "- no rule for: Mystery, left alone (2 nodes)" in text and "- warning: mind the gap" in text
