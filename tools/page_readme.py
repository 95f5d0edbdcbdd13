"""The results in README.md: a few rows of what docs/benchmarks.md has in full, between two marks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.results import ROOT, Row
from tools.table import interval, number, table

FILE = ROOT / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
SHOWN = ("resnet50", "mobilenet_v2", "efficientnet_b0", "vit_b_16", "bert-base")

_HEAD = ("model", "MACs left", "MB", "proof, relative error", "speed-up")
_NOTE = """\
Half of the multiply-accumulates, nothing else said, one thread, weights random (trained models and all else:
[docs/benchmarks.md](docs/benchmarks.md); every architecture that was tried: [docs/coverage.md](docs/coverage.md)):"""


def rendered(rows: Mapping[str, Row]) -> str:
    """The section; empty where none of its models has a row."""
    lines = [_line(name, rows[name]) for name in SHOWN if name in rows and "failed" not in rows[name]]
    return f"{_NOTE}\n\n{table(_HEAD, lines)}" if lines else ""


def write(rows: Mapping[str, Row], file: Path = FILE) -> None:
    """Put the section between the marks. Raises ValueError where the file has none."""
    text, made = file.read_text(encoding="utf-8"), rendered(rows)
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if made:
        file.write_text(f"{text[:begin]}\n{made}\n{text[end:]}", encoding="utf-8")


def _line(name: str, row: Row) -> tuple[str, ...]:
    before, after = row["bytes"]
    return (
        name,
        number(row["macs"][1] / row["macs"][0], 3),
        f"{before / 1e6:.1f} → {after / 1e6:.1f}",
        f"{row['proof']['status']}, {row['proof']['error']:.0e}",
        interval(row.get("ratio")),
    )
