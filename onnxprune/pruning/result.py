"""What came of the main job."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnxprune.calibration import Quantised
from onnxprune.pruning.loss import Search
from onnxprune.pruning.masking import Masked
from onnxprune.pruning.measure import Measurement
from onnxprune.pruning.obstacles import Lock
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.retrain import Recovery
from onnxprune.runtime import Fidelity
from onnxprune.runtime.verify import Proof


@dataclass(slots=True)
class Stage:
    """What a stage of a recipe did.

    kind: prune, sparsify, recover or quantise; settings: what it was asked for, as the recipe says it; seconds: that it
    took; after: params, macs and bytes of the model that it made; fidelity: of that to the dense model, None where one
    of them can't be run; work: what the stage itself tells; warnings: sentences
    """

    kind: str
    settings: dict[str, Any]
    seconds: float
    after: dict[str, float]
    fidelity: Fidelity | None
    work: Result | Recovery | Quantised
    warnings: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether the target and the limit of its own were met."""
        return not isinstance(self.work, Result) or self.work.met


@dataclass(slots=True)
class Result:
    """What `optimize` did.

    fraction: of the target's quantity that is left; reached: whether the target was met; target: the one that was
    aimed at, None where the passes' own ratios, a plan or the loss decided; offered: pass -> sizes of the groups that
    it offered; unknown: op -> nodes without a rule; warnings: sentences; written: the model file and its data files;
    search: what the loss is, where there is a limit to it; masks, recovery: what came
    of training masks and weights, where that was asked for; stages: of a recipe; command: what does the same again,
    empty: what the options say
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
    stages: list[Stage] = field(default_factory=list)
    command: str = ""

    @property
    def met(self) -> bool:
        """Whether the target was met, and the limit of the loss; those of stages too."""
        return self.reached and (self.search is None or self.search.met) and all(stage.met for stage in self.stages)
