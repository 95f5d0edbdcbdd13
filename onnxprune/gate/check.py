"""Holding a model against a recorded baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from onnxprune.gate.alike import alike
from onnxprune.gate.evidence import State
from onnxprune.gate.figures import Figures, figures
from onnxprune.gate.finding import Checked, Finding
from onnxprune.gate.judges import counted, listed
from onnxprune.gate.limits import Limits
from onnxprune.gate.speed import quick
from onnxprune.gate.work import Work, begun
from onnxprune.progress import Progress, silent
from onnxprune.runtime.environment import environment


def check(
    model: Path | str,
    baseline: Path | str,
    limits: Limits | None = None,
    *,
    dense: Path | str | None = None,
    progress: Progress = silent,
) -> Checked:
    """Whether a model keeps the limits (None: nothing may get worse than the baseline).

    baseline: a file that `record` wrote; dense: the model that it was recorded of, where it isn't where it was. Raises
    InputError where something that a limit needs isn't there or doesn't run.
    """
    limits = limits or Limits.of()
    work = begun(Path(model), Path(baseline), limits, Path(dense) if dense is not None else None, progress)
    findings = [*_figures(work), *alike(work), *quick(work)]
    strict = limits.latency.undecided == "fail"
    failing = {State.NOT_MET, State.UNDECIDED} if strict else {State.NOT_MET}
    return Checked(
        model=str(model),
        baseline=str(baseline),
        dense=str(work.dense or ""),
        met=not any(finding.state in failing for finding in findings),
        undecided_fails=strict,
        environment=environment(work.conditions.threads, work.conditions.provider),
        findings=findings,
        latency=work.timed,
        fidelity=work.close,
        data=work.data,
        warnings=work.warnings,
    )


def _figures(work: Work) -> Iterator[Finding]:
    work.progress("looking at the model")
    new = figures(work.model, work.conditions, memory=work.limits.memory.asked)
    base = _base(work)
    yield from counted(work.limits, base, new)
    yield from listed(work.limits, base, new)


def _base(work: Work) -> Figures:
    """The recorded figures; memory is measured anew where it can be, because it depends on ONNX Runtime's version."""
    if not work.limits.memory.asked or work.dense is None:
        return work.recorded.figures
    here = figures(work.dense, work.conditions)
    return replace(work.recorded.figures, peak_memory=here.peak_memory)
