"""The findings of a run, label by label, in the order in which they matter."""

from __future__ import annotations

from onnxprune.report.record import Report
from onnxprune.report.sentences import aim, blind, fidelity, masked, proofs, recovered, searched, sparse
from onnxprune.report.units import some, speedup


def findings(report: Report) -> list[tuple[str, str]]:
    """Labels and sentences."""
    found = [("target", aim(report.target))] if report.target else []
    found += searched(report)
    found += [("masks", masked(report.masks))] if report.masks else []
    found += sparse(report)
    found += [("speed", speedup(report.latency.speedup))] if report.latency else []
    found += [("recovery", recovered(report.recovery))] if report.recovery else []
    found += [("fidelity", fidelity(report)), ("proof", proofs(report)), *blind(report)]
    found += [("no rule for", f"{op}, left alone ({some(n, 'node')})") for op, n in report.unknown_ops.items()]
    return found + [("warning", text) for text in report.warnings]
