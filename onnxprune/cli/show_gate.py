"""The tables that `gate` prints."""

from __future__ import annotations

from pathlib import Path

from onnxprune.cli.screen import facts, show_all, table
from onnxprune.gate import Baseline, Checked, State
from onnxprune.report.sentences import closeness, inputs
from onnxprune.report.units import quantity, size, some

HEAD = ("limit", "baseline", "now", "allowed", "verdict")


def show(found: Checked) -> None:
    """A row for every limit; sentences for those that are not met or not decided, and for the time."""
    rows = [(f.limit, f.baseline, f.value, f.allowed, str(f.state)) for f in found.findings]
    told = [(f.limit, f.sentence) for f in found.findings if f.state is not State.MET or f.limit == "latency.ratio"]
    if found.fidelity is not None:
        told.append(("fidelity", closeness(found.fidelity, inputs(found.data))))
    used = found.environment
    with_what = f"ONNX Runtime {used.onnxruntime} ({used.provider}, {some(used.threads, 'thread')}), {used.cpu}"
    show_all(
        table(HEAD, rows, "nrtrr"),
        facts([*told, ("with", with_what), ("gate", found.verdict)]),
    )


def show_baseline(found: Baseline, output: Path) -> None:
    """What was recorded."""
    figures = found.figures
    rows = [
        ("bytes", size(figures.bytes)),
        ("parameters", quantity(figures.params)),
        ("MACs", quantity(figures.macs)),
        ("peak memory", size(figures.peak_memory or 0)),
        ("operators", ", ".join(f"{op} {count}" for op, count in figures.ops.items())),
        ("opset", str(figures.opsets.get("ai.onnx", ""))),
    ]
    if found.data is not None:
        rows.append(("data", f"{some(found.data.samples, 'sample')} of {found.data.name}"))
    show_all(facts([*rows, ("written", str(output))]))
