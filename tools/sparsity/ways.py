"""What is compared: patterns, sparsities, and ways to get there."""

from __future__ import annotations

from dataclasses import dataclass

PATTERNS = ("unstructured", "2:4", "4x1", "16x1", "64x1")
LEVELS = (0.5, 0.7)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make weights sparse. options: of the pass; repair: as `optimize` takes it, empty: by default; data:
    whether calibration data are given; gated: whether it differs from others only in models with gated linear units;
    only: the patterns that it is for, empty for all"""

    name: str
    options: str
    repair: str = ""
    data: bool = True
    gated: bool = False
    only: tuple[str, ...] = ()

    def fits(self, pattern: str) -> bool:
        """Whether it is for a pattern."""
        return not self.only or pattern in self.only

    def text(self, pattern: str, sparsity: float) -> str:
        """The pass as the command line spells it."""
        return f"sparsify{{pattern={pattern},sparsity={sparsity:g}{self.options}}}"


DEFAULT = Way("default", "")

WAYS = (
    Way("magnitude", ",method=magnitude,share=even", "none", data=False),
    Way("wanda", ",method=wanda,share=even", "none"),
    Way("sparsegpt", ",method=sparsegpt,share=even", "none"),
    Way("alps", ",method=alps,share=even", "none"),
    Way("magnitude, repaired", ",method=magnitude,share=even"),
    Way("wanda, repaired", ",method=wanda,share=even"),
    Way("sparsegpt, repaired", ",method=sparsegpt,share=even"),
    Way("alps, repaired", ",method=alps,share=even"),
    DEFAULT,
)
"""As they were published, one sparsity everywhere; then with the repair that structured pruning has; then the default,
which also shares out zeros by the errors that they make."""

MORE = (
    *WAYS[:2],
    Way("dass", ",method=dass,share=even", "none", gated=True),
    WAYS[2],
    Way("obert", ",method=obert,share=even", "none"),
    WAYS[3],
    WAYS[5],
    Way("dass, repaired", ",method=dass,share=even", gated=True),
    Way("obert, repaired", ",method=obert,share=even"),
    WAYS[7],
    Way("armor", ",method=armor,share=even", "none", only=("2:4",)),
    Way("armor, repaired", ",method=armor,share=even", only=("2:4",)),
)
"""Methods that ask for more than what layers read, or write more than zeros, between those that don't."""

MORE_PATTERNS = ("unstructured", "2:4", "16x1")
ASKING = "asking"
"""The last part of the names of their cells."""


def levels(pattern: str) -> tuple[float, ...]:
    """The sparsities that a pattern can have."""
    return (0.5,) if pattern == "2:4" else LEVELS
