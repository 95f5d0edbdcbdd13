"""What came of a directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onnxprune.directory.config import Field
from onnxprune.pruning import Options, Result, Target


@dataclass(slots=True)
class DirectoryResult:
    """What `optimize_directory` did.

    results: by the models' paths relative to the directory; only: globs of models, empty: all; target: of all models
    together, None where something else decided; fraction: of its quantity that is left; reached: whether it was met;
    fields: what became of what config.json says; carried: files that went over as they were; warnings: sentences,
    those of `results` apart
    """

    source: Path
    output: Path
    options: Options
    results: dict[str, Result]
    only: Sequence[str] = ()
    target: Target | None = None
    fraction: float = 1.0
    reached: bool = True
    fields: list[Field] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether the target was met, and what else was asked of every model."""
        return self.reached and all(result.met for result in self.results.values())

    def total(self, quantity: str) -> tuple[float, float]:
        """MACs or params of all models together, before and after."""
        before = sum(result.before[quantity] for result in self.results.values())
        return before, sum(result.after[quantity] for result in self.results.values())
