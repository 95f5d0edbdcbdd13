"""What a limit of the loss searches over: how many units go, how many zeros there are, or the time that both leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnxprune.errors import InputError
from onnxprune.pruning.decide import passes_of
from onnxprune.pruning.loss import SPARSITY
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import LayerPass
from onnxprune.pruning.sparsifying import layer_passes


@dataclass(frozen=True, slots=True)
class Over:
    """quantity: that of targets, or SPARSITY: of the layers whose passes leave it open; mixed: whether units and zeros
    are both open, so that each aim is met by the mixture that loses least"""

    quantity: str
    mixed: bool = False

    def value(self, left: float) -> float:
        """What is aimed at where a fraction is to be left: of the quantity, or of weights that aren't zero."""
        return round(1 - left, 6) if self.quantity == SPARSITY else left

    def spelled(self, left: float) -> str:
        """The same as a user would ask for it: `macs=0.5`."""
        return f"{self.quantity}={self.value(left):g}"


def over(options: Options) -> Over:
    """What is searched over, which is nothing where a plan is done again. Raises InputError where passes leave nothing
    open, or two things that nothing weighs."""
    target = options.target
    if options.plan is not None:
        return Over(target.quantity if target else "macs")
    units, zeros = passes_of(options), layer_passes(options)
    stated = any(one.ratio is not None for one in units)
    if target is not None and target.timed:
        free = [one for one in zeros if one.free()]
        return Over(target.quantity, bool(units) and not stated and bool(free)) if free else _units(options)
    if not any(map(is_open, zeros)):
        return _units(options)
    if not units or stated:
        return _zeros(target)
    if target is None and (options.sparse_format == "op" or options.provider == "sparse"):
        return Over("latency", mixed=True)
    raise InputError(
        "--max-loss: units and zeros are both left open, and only a time weighs one against the other; aim at one "
        "(--target latency=0.3), or say how many zeros there are to be (sparsity)"
    )


def is_open(one: LayerPass) -> bool:
    """Whether a pass over layers leaves open how many zeros there are, and its pattern doesn't say it either."""
    return one.free() and one.wanted(True).pattern.sparsity is None


def _units(options: Options) -> Over:
    """Units alone, beside zeros that are given. Raises InputError where it is said how many go."""
    units = passes_of(options)
    if any(one.ratio is not None for one in units):
        raise InputError("--max-loss searches for how much may go, so no pass can have a ratio of its own")
    if not units:
        raise InputError(_nothing_open(layer_passes(options)))
    return Over(options.target.quantity if options.target else "macs")


def _zeros(target: Target | None) -> Over:
    if target is not None:
        raise InputError(
            f"--target {target.quantity}={target.fraction:g}: with these passes --max-loss searches for how many zeros "
            "there may be, which no target but latency counts (leave the target out)"
        )
    return Over(SPARSITY)


def _nothing_open(passes: Sequence[LayerPass]) -> str:
    fixed = [one.wanted(True).pattern for one in passes if one.free()]
    fits = f"the pattern {fixed[0]} always has {fixed[0].sparsity:.0%} of them" if fixed else ""
    why = fits or "the passes named say that themselves (leave out sparsity)"
    return f"--max-loss searches for how many zeros there may be, and {why}"
