"""How masks are trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnxprune.recovery.effort import Effort


@dataclass(frozen=True, slots=True)
class MaskSetting:
    """What may be chosen.

    effort: how long; method: one of `onnxprune.recovery.masks.method`; weights: whether
    weights are trained along; rate: of these, the highest, as a share of a parameter's size; loss: the name of one,
    empty: by what the outputs are; batch: samples for a step; device: empty: a GPU where there is one
    """

    effort: Effort = field(default_factory=lambda: Effort(seconds=300))
    method: str = "polarised"
    weights: bool = True
    rate: float = 0.01
    loss: str = ""
    batch: int = 32
    seed: int = 0
    device: str = ""

    def __str__(self) -> str:
        return f"{self.method}{', weights along' if self.weights else ''}, {self.effort}"
