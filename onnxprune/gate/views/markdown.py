"""The findings as a table that fits a pull-request comment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked, Finding
from onnxprune.report.units import some

_SIGNS = {State.MET: "✅", State.NOT_MET: "❌", State.UNDECIDED: "❔"}
HEAD = ("limit", "baseline", "now", "allowed", "verdict")


def markdown(found: Checked) -> str:
    """The text: a heading with the verdict, the table, sentences for what isn't met or not decided."""
    name = PurePath(found.model).name.replace("`", "'")
    parts = [
        f"### {'✅' if found.met else '❌'} `{name}`: gate {_escape(found.verdict)}",
        _table([HEAD, ("---", "---:", "---:", "---", "---"), *map(_row, found.findings)]),
        "\n".join(f"- {_escape(f.sentence)}" for f in found.findings if _told(f)),
        "\n".join(f"- warning: {_escape(text)}" for text in found.warnings),
        _footer(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _told(finding: Finding) -> bool:
    return finding.state is not State.MET or finding.limit == "latency.ratio"


def _row(finding: Finding) -> tuple[str, ...]:
    cells = (finding.limit, finding.baseline, finding.value, finding.allowed)
    return (*map(_escape, cells), f"{_SIGNS[finding.state]} {finding.state}")


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _footer(found: Checked) -> str:
    used = found.environment
    threads = some(used.threads, "thread")
    return f"onnxprune {used.onnxprune}, ONNX Runtime {used.onnxruntime} ({used.provider}, {threads}), {used.cpu}"


def _escape(text: str) -> str:
    for sign, safe in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("*", "\\*"), ("_", "\\_"), ("`", "\\`")):
        text = text.replace(sign, safe)
    return " ".join(text.split())
