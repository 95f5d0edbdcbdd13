"""What can be done as a recipe says, but is seldom meant."""

from __future__ import annotations

from collections.abc import Sequence

from onnxprune.pruning import Target
from onnxprune.pruning.decide import passes_of
from onnxprune.recipe.steps import Prune, Quantise, Step

LATE = "no repair and no training changes weights that are quantised, so a stage quantise had better be the last"


def advice(number: int, steps: Sequence[Step], whole: Target | None) -> list[str]:
    """Sentences about the stage of that number, from 1. whole: the target of all stages together"""
    step, before, later = steps[number - 1], steps[: number - 1], steps[number:]
    late = _quantises(before) and not isinstance(step.work, Quantise)
    return [*([LATE] if late else []), *(_too_far(step, later, whole) if whole else [])]


def _too_far(step: Step, later: Sequence[Step], whole: Target) -> list[str]:
    """Bytes that a quantisation will take are not known before."""
    if whole.quantity != "size" or not _quantises(later) or not aims_at_whole(step):
        return []
    return [f"takes units until size={whole.fraction:g} is met, and quantise makes the file smaller still; "
            "a target of its own says how far to go"]  # fmt: skip


def aims_at_whole(step: Step) -> bool:
    """Whether a stage takes units, and doesn't say how many."""
    if not isinstance(step.work, Prune):
        return False
    options = step.work.options
    passes = passes_of(options)
    says = options.target is not None or options.plan is not None or options.max_loss is not None
    return bool(passes) and not says and all(one.ratio is None for one in passes)


def _quantises(steps: Sequence[Step]) -> bool:
    return any(isinstance(step.work, Quantise) for step in steps)
