"""Ways to make a model take a part of its time: units that go, zeros, and both."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = (0.8, 0.65, 0.5)
"""Of the dense model's time."""

UNITS = ("channels", "heads")


@dataclass(frozen=True, slots=True)
class Way:
    """passes: as `--pass` spells them"""

    name: str
    passes: tuple[str, ...]


WAYS = (
    Way("units", UNITS),
    Way("zeros, 16x1", ("sparsify{pattern=16x1}",)),
    Way("zeros, auto", ("sparsify{pattern=auto}",)),
    Way("units, then zeros", (*UNITS, "sparsify{pattern=auto}")),
)
"""Units go for the whole of the target; zeros alone in one pattern and in the best one; and the mixture that loses
least."""
