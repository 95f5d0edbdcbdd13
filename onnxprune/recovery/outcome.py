"""What came of a recovery."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Point:
    """Of the curve. loss, fidelity: on data held out, see `onnxprune.recovery.judge`"""

    step: int
    seconds: float
    loss: float
    fidelity: float


@dataclass(slots=True)
class Outcome:
    """curve: from before the first step on; best: the point whose weights are kept; kinds: output -> its loss;
    warnings: sentences for the user; reason: why it ended before its time, or empty"""

    curve: list[Point] = field(default_factory=list)
    best: int = 0
    steps: int = 0
    seconds: float = 0.0
    kinds: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def before(self) -> Point:
        return self.curve[0]

    @property
    def after(self) -> Point:
        return self.curve[self.best]

    @property
    def gained(self) -> bool:
        """Whether anything is better than it was."""
        return self.best > 0
