"""Where zeros pay: a layer becomes sparse only if that makes it faster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from onnxprune.sparse.line import Wanted
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.speed import Speed

FINE_TO_COARSE = tuple(Pattern(outputs) for outputs in (4, 8, 16, 32))
"""What `auto` chooses from. Finer ones lose less at one sparsity (docs/sparsity.md), coarser ones are faster."""

FINE_TO_COARSE_INT8 = (Pattern(4), *(Pattern(outputs, 4) for outputs in (4, 8, 16, 32)))
"""The same for values of int8, of which processors multiply four at once."""


@dataclass(frozen=True, slots=True)
class Worth:
    """When a layer becomes sparse: if it gets `gain` times as fast, in the first of `patterns` that does that"""

    gain: float
    patterns: tuple[Pattern, ...]


def placed(want: Wanted, worth: Worth, speed: Speed) -> Wanted | None:
    """What becomes of a layer, with the sparsity from which it pays as its least; None where it stays dense."""
    for pattern in worth.patterns:
        taken = _in(want, pattern)
        if speed.gain(pattern, taken.sparsity) >= worth.gain:
            return replace(taken, least=min(speed.least(pattern, worth.gain), taken.sparsity))
    return None


def fastest(want: Wanted, worth: Worth, speed: Speed) -> Wanted:
    """The same in the pattern that makes the layer fastest."""
    return max((_in(want, p) for p in worth.patterns), key=lambda taken: speed.gain(taken.pattern, taken.sparsity))


def _in(want: Wanted, pattern: Pattern) -> Wanted:
    return replace(want, pattern=pattern, sparsity=want.sparsity if pattern.sparsity is None else pattern.sparsity)
