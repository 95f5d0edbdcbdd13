"""Why an axis is locked: the kinds of reason, and what a user can do about each.

A reason is text. Where it is more than an op's plain need, the place that states it says of what kind it is:

    self.solver.lock(term, Reason("fixed length", Ground.FIXED))
    raise Fenced(Reason("input 1 has no known rank", Ground.RANK))
"""

from __future__ import annotations

from enum import Enum


class Ground(Enum):
    """The kinds of reason, the weightiest first: a stable name, whether it is the model's nature, and what can be done.

    Those that are no nature of the model are limits: of what onnxprune knows, or of what the file tells.
    """

    INPUT = "input", True, "this is what the model takes"
    OUTPUT = "output", True, "this is what the model returns; if it isn't needed, cut that part off the model first"
    INDEX = "index", True, "its units are addressed by their numbers"
    MIXED = "mixed", True, "each of its units has a say in what becomes of the others"
    FIXED = "fixed", True, "the op, or the way in which the file stores it, demands this length"
    USE = "use", True, "the op needs this axis as it is"
    LENGTH = (
        "open length",
        False,
        "a dimension that the file leaves open is in the way: export the model with fixed dimensions, or fix them with "
        "'python -m onnxruntime.tools.make_dynamic_shape_fixed'",
    )
    RANK = (
        "unknown rank",
        False,
        "the file doesn't tell how many axes there are, and it can't be inferred: export the model with fixed shapes",
    )
    FUSED = "fused op", False, "give the model as it was before ONNX Runtime's optimizer fused its ops"
    RULE = "no rule", False, "the op needs a rule: CONTRIBUTING.md shows how to add one, or report it"
    FORM = "form", False, "the op's rule doesn't cover this use of it: CONTRIBUTING.md shows rules, or report it"
    REFINEMENT = "no common refinement", False, "the axis is grouped in two ways, and nothing is whole in both"
    DEFECT = "defect", False, "please report it with the model, if you can"

    def __init__(self, label: str, natural: bool, advice: str) -> None:
        self.label = label
        self.natural = natural
        self.advice = advice


class Reason(str):
    """The text of a reason that is of another kind than `Ground.USE`."""

    ground: Ground

    def __new__(cls, text: str, ground: Ground) -> Reason:
        made = super().__new__(cls, text)
        made.ground = ground
        return made


def ground_of(text: str, default: Ground = Ground.USE) -> Ground:
    """The kind of a reason; plain text is of the default one."""
    return text.ground if isinstance(text, Reason) else default
