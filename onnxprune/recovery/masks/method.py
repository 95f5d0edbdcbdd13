"""Ways to train masks: what a gate is, where it starts, and what pushes it to 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass

from onnxprune.errors import InputError


@dataclass(frozen=True, slots=True)
class Method:
    """gate: `concrete`, `clipped` or `straight`, see `onnxprune.recovery.masks.gates`; open: whether all units are
    there at the start, else it starts from the budget's decision; warm: the part of the training in which the target
    falls from the whole model to what is wanted; square: whether a second multiplier is learned, of the squared
    distance from the target; polar: the weight of what pushes gates apart; summary: a sentence"""

    gate: str
    open: bool
    warm: float
    square: bool
    polar: float
    summary: str


METHODS = {
    "l0": Method(
        "concrete",
        False,
        0.0,
        False,
        0.0,
        "hard concrete gates (Louizos et al. 2018, L0 regularisation)",
    ),
    "cofi": Method(
        "concrete", True, 0.4, True, 0.0, "the same from a whole model, whose target falls (Xia et al. 2022, CoFi)"
    ),
    "polarised": Method(
        "clipped", False, 0.0, True, 1.0, 'gates without noise, pushed apart (Zhuang et al. 2020, "Polarization")'
    ),
    "ste": Method(
        "straight", False, 0.0, True, 0.0, "gates of 0 and 1 whose gradients pass straight through (Bengio et al. 2013)"
    ),
}


def method_of(name: str) -> Method:
    """Raises InputError for an unknown name."""
    if name not in METHODS:
        raise InputError(f"no way to train masks '{name}'; there are {', '.join(sorted(METHODS))}")
    return METHODS[name]
