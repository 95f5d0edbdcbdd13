"""Input-output cosine: blocks whose output is like their input lose their units faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.blockwise import importance
from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Needs, Work, budget

AMPLITUDE = 1.0
"""By how much of the average rate the rates of blocks differ at the most: the authors' 0.02, at steps of 0.02."""

SLOWEST = 0.05
"""Of the average rate: with the rate 0 that the most important block would have, targets could be out of reach."""


@budget("io_cosine", Needs.BLOCKS)
def io_cosine(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """Keeps more in blocks whose output is unlike their input, by cosine (Wang et al. 2025, "Adapt-Pruner").

    A block's importance I is minus the mean cosine of its input and output, less the mean over groups, over the largest
    magnitude. The authors prune in small steps of which every one takes delta - A I of a group's units, and look at the
    blocks anew each time; here all steps are taken with the importance of the dense model, so that a group has lost
    t (1 - A I / delta) after as many as take t on the average. Groups without a block, as in a chain without additions,
    have the average rate; those that reach over several blocks have the mean of their cosines.
    """
    centred = importance(candidates, work, lambda found: -found.cosine)
    rates = np.maximum(1 - AMPLITUDE * centred / max(float(np.abs(centred).max(initial=0.0)), 1e-12), SLOWEST)

    def widths(level: float) -> list[float]:
        taken = np.minimum(rates * (1 / level - 1), 1) if level > 0 else np.ones(len(rates))
        return [(1 - lost) * c.group.size for lost, c in zip(taken.tolist(), candidates, strict=True)]

    return widths
