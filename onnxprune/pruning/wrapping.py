"""What block-diagonal matrices around sparse layers add to a model, which units have to make up for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from onnxprune.calibration import layers
from onnxprune.coupling import Analysis
from onnxprune.coupling.masks import ALL
from onnxprune.errors import InputError
from onnxprune.pruning.decide import Decision, Shapes, cost_of, model_bytes
from onnxprune.pruning.options import Target
from onnxprune.pruning.placing import linear_of, wrapped
from onnxprune.pruning.sparsifying import Sparse
from onnxprune.rewrite import Wrapped

LEAST = 1e-6
"""Of a target: nothing meets that, and as much as can goes."""

BYTES = 4
"""Of a number in a block."""


def lowered(
    target: Target, sparse: Sparse, analysis: Analysis, source: Path, shapes: Shapes, *, asked: bool = True
) -> Target:
    """What units are to leave of a target's quantity, so that it is met with the blocks around layers.

    These are counted at the widths of the dense model, so a little more may go than has to. Raises InputError where
    they alone take as much as the user asked for; as much as a search tries is left to the search.
    """
    if target.timed or not sparse.wraps:
        return target
    added = _most(target, sparse, analysis, shapes) / max(cost_of(target, analysis, source, shapes).whole, 1e-30)
    if added >= target.fraction and asked:
        raise InputError(
            f"--target {target.quantity}={target.fraction:g}: the matrices around sparse layers (method=armor) would "
            f"take {added:.3g} by themselves; a smaller wrap, or another method, takes less"
        )
    return replace(target, fraction=max(target.fraction - added, LEAST))


def _most(target: Target, sparse: Sparse, analysis: Analysis, shapes: Shapes) -> float:
    """Multiply-accumulates, parameters or bytes of all blocks that there can be, in the dense model's widths."""
    total = 0.0
    for layer in layers(analysis):
        if layer.name in sparse.wanted:
            linear = wrapped(layer, linear_of(layer, ALL, shapes), sparse.wanted[layer.name])
            elements = linear.outer * linear.outputs + linear.inner * linear.channels
            total += elements * (linear.rows if target.quantity == "macs" else 1)
    return total * (BYTES if target.quantity == "size" else 1)


def bare(sparse: Sparse, added: Mapping[str, Wrapped]) -> list[str]:
    """A sentence on weights that were to have blocks around them and have none."""
    names = [sparse.weights[layer] for layer, want in sparse.wanted.items() if want.wrap]
    left = [name for name in names if name not in added]
    if not left:
        return []
    more = " ..." if len(left) > 3 else ""
    why = "no multiples of the blocks' size, no product or convolution that they fit, or nothing gained"
    return [f"no matrices around {', '.join(left[:3])}{more} ({len(left)} of {len(names)} weights): {why}"]


def judge(decision: Decision, added: Collection[Wrapped], before: Mapping[str, float], source: Path) -> None:
    """Take what was added into a decision's fraction of the target's quantity, in place; times are measured with it."""
    target = decision.target
    if target is None or target.timed or not added:
        return
    params, macs = sum(one.params for one in added), sum(one.macs for one in added)
    parts = {"macs": (macs, before["macs"]), "params": (params, before["params"])}
    more, whole = parts.get(target.quantity) or (BYTES * params, model_bytes(source))
    decision.fraction += more / max(whole, 1e-30)
    decision.met = target.allows(decision.fraction)
