"""How long to train: minutes on the clock, or steps."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from onnxprune.errors import InputError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Effort:
    """seconds or steps; the other is infinite. Only steps make the same result twice, on the same machine"""

    seconds: float = math.inf
    steps: float = math.inf

    @classmethod
    def parse(cls, text: str) -> Effort:
        """`15m`, `90s`, `1h`; `2000` are steps. Raises InputError for anything else."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
        number = float(found[1]) if found else 0.0
        if found is None or number <= 0 or (not found[2] and number != int(number)):
            raise InputError(f"'{text}' is no time to train (10m, 90s, 1h) and no number of steps (2000)")
        return cls(seconds=number * _SECONDS[found[2]]) if found[2] else cls(steps=number)

    @property
    def counted(self) -> bool:
        """Whether steps say how long it is: then no clock has a say in what comes of it."""
        return math.isfinite(self.steps)

    def __str__(self) -> str:
        return f"{self.steps:g} steps" if math.isfinite(self.steps) else f"{self.seconds:g} s"

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        return f"{self.steps:.0f}" if math.isfinite(self.steps) else f"{self.seconds:g}s"

    def done(self, steps: int, seconds: float) -> float:
        """What part of it is over, 1 and above: all."""
        return max(steps / self.steps, seconds / self.seconds)
