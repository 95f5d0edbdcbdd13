"""What a gate found: one finding per limit."""

from __future__ import annotations

from dataclasses import dataclass

from onnxprune.gate.evidence import State
from onnxprune.gate.latency import Timed
from onnxprune.report.closeness import Closeness
from onnxprune.report.record import Given, to_json
from onnxprune.runtime.environment import Environment


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit and what became of it.

    limit: its key in gate.toml; baseline, value, allowed: as people read them, empty where there is nothing to say;
    sentence: the same in words; baseline_number, number, allowed_number: bytes, counts, seconds or ratios
    """

    limit: str
    state: State
    baseline: str
    value: str
    allowed: str
    sentence: str
    baseline_number: float | None = None
    number: float | None = None
    allowed_number: float | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A model held against limits. undecided_fails: an undecided finding counts as one that is not met."""

    model: str
    baseline: str
    dense: str
    met: bool
    undecided_fails: bool
    environment: Environment
    findings: list[Finding]
    latency: Timed | None
    fidelity: Closeness | None
    data: Given | None
    warnings: list[str]

    def of(self, state: State) -> list[Finding]:
        """The findings in this state."""
        return [finding for finding in self.findings if finding.state is state]

    def fails(self, finding: Finding) -> bool:
        """Whether this finding makes the gate fail."""
        undecided = self.undecided_fails and finding.state is State.UNDECIDED
        return finding.state is State.NOT_MET or undecided

    @property
    def verdict(self) -> str:
        """One line: `not met: 2 of 6 limits (size.ratio, latency.ratio)`."""
        failed = [finding for finding in self.findings if self.fails(finding)]
        open_ones = [finding.limit for finding in self.of(State.UNDECIDED)]
        total = f"{len(self.findings)} limit{'' if len(self.findings) == 1 else 's'}"
        if failed:
            return f"not met: {len(failed)} of {total} ({', '.join(finding.limit for finding in failed)})"
        return f"met: {total}" + (f", {', '.join(open_ones)} undecided" if open_ones else "")

    def to_json(self) -> str:
        """The record as JSON."""
        return to_json(self)
