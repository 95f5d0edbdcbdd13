"""What came of the main job."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from onnxprune.pruning.loss import Search
from onnxprune.pruning.masking import Masked
from onnxprune.pruning.measure import Measurement
from onnxprune.pruning.obstacles import Lock
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.retrain import Recovery
from onnxprune.runtime.verify import Proof


@dataclass(slots=True)
class Result:
    """What `optimize` did.

    fraction: of the target's quantity that is left; reached: whether the target was met; target: the one that was
    aimed at, None where the passes' own ratios, a plan or the loss decided; offered: pass -> sizes of the groups that
    it offered; unknown: op -> nodes without a rule; warnings: sentences; written: the model file and its data files;
    search: what the loss is, where there is a limit to it; masks, recovery: what came
    of training masks and weights, where that was asked for
    """

    source: Path
    output: Path
    options: Options
    plan: Plan
    proof: Proof
    fraction: float
    reached: bool
    before: dict[str, float]
    after: dict[str, float]
    locked: list[Lock]
    measured: Measurement | None = None
    written: list[Path] = field(default_factory=list)
    target: Target | None = None
    offered: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    search: Search | None = None
    masks: Masked | None = None
    recovery: Recovery | None = None

    @property
    def met(self) -> bool:
        """Whether the target was met, and the limit of the loss."""
        return self.reached and (self.search is None or self.search.met)
