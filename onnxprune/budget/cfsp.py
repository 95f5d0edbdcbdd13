"""Block-angular: blocks that turn what goes through them by more keep more of their units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.blockwise import importance
from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Needs, Work, budget

STEEPNESS = 128 * 1024 / 1e4
"""What an angle in half turns is multiplied with: the authors add up the angles of as many tokens, over 10,000."""


@budget("cfsp", Needs.BLOCKS)
def cfsp(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """Keeps more in blocks whose output is at a larger angle to their input (Wang et al. 2025, CFSP's coarse step).

    A group keeps level * s / mean(s), s being the sigmoid of its block's mean angle less the mean of all blocks'. Where
    that is more than all, what shares differ by is scaled down for all alike, as the authors do (without their margin
    of 5 %, at which shares would fall as the level rises). Groups without a block, as in a chain without additions,
    keep the average share; those that reach over several blocks have the mean of their angles.
    """
    squashed = 1 / (1 + np.exp(-STEEPNESS * importance(candidates, work, lambda found: found.angle)))
    apart = squashed / max(float(squashed.mean()), 1e-30) - 1 if len(candidates) else squashed
    widest = float(apart.max(initial=0.0))

    def widths(level: float) -> list[float]:
        scale = 1.0 if level * (1 + widest) <= 1 else (1 - level) / (level * widest)
        return [level * (1 + scale * d) * c.group.size for d, c in zip(apart.tolist(), candidates, strict=True)]

    return widths
