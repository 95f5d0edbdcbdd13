"""How a recovery is done."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnxprune.recovery.effort import Effort


@dataclass(frozen=True, slots=True)
class Training:
    """What may be chosen.

    effort: how long; mode: what is trained, see `onnxprune.recovery.student`; loss: the name of one, empty: by what
    the outputs are; rate: the highest, as a share of a parameter's size; batch: samples for a step; match: how much
    tensors inside count beside the outputs; augment: names of what is done to pictures; device: empty: a GPU where
    there is one
    """

    effort: Effort = field(default_factory=lambda: Effort(seconds=600))
    mode: str = "full"
    loss: str = ""
    rate: float = 0.01
    batch: int = 32
    match: float = 1.0
    augment: tuple[str, ...] = ()
    seed: int = 0
    device: str = ""

    def __str__(self) -> str:
        return f"{self.mode}, {self.effort}"
