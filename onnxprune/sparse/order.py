"""An order of a layer's outputs in which those that need the same inputs stand side by side.

Blocks of several outputs go together, so what a block loses depends on its neighbours. The units of a group may stand
in any order, as long as everything that is coupled with them follows: that is free, and what `Keep` does. Ji et al.
2018, "TETRIS: TilE-matching the TRemendous Irregular Sparsity", and Lin et al. 2022, "1xN Pattern for Pruning
Convolutional Neural Networks", rearrange filters for blocks too; here blocks are filled one after the other, by what
an output has on the inputs that the block keeps so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from onnxprune.calibration import Layer
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Atom, factors, resolve
from onnxprune.sparse.line import Wanted, matrix

Array = np.ndarray


def orders(
    analysis: Analysis,
    layers: Iterable[Layer],
    wanted: Mapping[str, Wanted],
    keep: Keep,
    allowed: Callable[[Group], bool] = lambda _: True,
) -> dict[str, Array]:
    """Group id -> its units that stay, in the order that they should have; groups that gain nothing are left out.

    layers: of the analysed dense model; keep: what stays of it; allowed: whether the units of a group may move
    """
    makers: dict[int, list[Layer]] = {}
    for layer in layers:
        want, unit = wanted.get(layer.name), innermost(layer)
        if want is not None and want.pattern.outputs > 1 and unit is not None:
            makers.setdefault(id(unit), []).append(layer)
    found: dict[str, Array] = {}
    for group in analysis.groups:
        mine = makers.get(id(group.atom), [])
        if mine and free(group) and allowed(group):
            found |= _ordered(group, mine, wanted, keep)
    return found


def free(group: Group) -> bool:
    """Whether any order of its units is as good as any other."""
    return group.prunable and not group.inexact


def innermost(layer: Layer) -> Atom | None:
    """What neighbouring outputs of a layer are units of; None where an output is more than a unit."""
    term = resolve(layer.made)
    last = resolve(factors(term)[-1]) if factors(term) else term
    return last if isinstance(last, Atom) else None


def _ordered(group: Group, makers: list[Layer], wanted: Mapping[str, Wanted], keep: Keep) -> dict[str, Array]:
    stays = np.flatnonzero(keep.mask(group.atom))
    block = max(wanted[layer.name].pattern.outputs for layer in makers)
    if len(stays) <= block:
        return {}
    share = max(1 - wanted[layer.name].sparsity for layer in makers)
    scores = np.concatenate([_scores(layer, group.size)[stays] for layer in makers], axis=1)
    order = alike(scores, filled(scores, block, share), block, share)
    before, after = (_stays(rows, block, share) for rows in (scores, scores[order]))
    return {group.id: stays[order]} if after > before else {}


def _scores(layer: Layer, size: int) -> Array:
    """[units, inputs of all outputs of a unit], of sum 1."""
    squares = np.square(matrix(layer.weight())).astype(np.float32)
    units = squares.reshape(-1, size, squares.shape[1]).swapaxes(0, 1).reshape(size, -1)
    return np.asarray(units / max(float(units.sum()), 1e-30))


def filled(scores: Array, block: int, share: float) -> Array:
    """An order of the rows [rows, columns] for blocks of so many, each of which keeps a share of the columns.

    A block begins with the row of the largest sum that is left, and takes the one that has most of its own on the
    columns that are largest in the block so far.
    """
    kept = max(round(share * scores.shape[1]), 1)
    sums = np.maximum(scores.sum(axis=1), 1e-30)
    left, order = np.argsort(-sums, kind="stable"), []
    rows = scores[left] / sums[left, None]
    alive = np.ones(len(left), bool)
    while alive.any():
        at = int(np.argmax(alive))
        total = np.zeros(scores.shape[1], np.float32)
        for _ in range(block):
            order.append(left[at])
            alive[at] = False
            if not alive.any():
                break
            total += scores[left[at]]
            on = np.zeros_like(total)
            on[np.argpartition(-total, kept - 1)[:kept]] = 1
            at = int(np.argmax(np.where(alive, rows @ on, -1)))
        if alive.mean() < 0.75:
            left, rows, alive = left[alive], rows[alive], alive[alive]
    return np.array(order)


def alike(scores: Array, order: Array, block: int, share: float) -> Array:
    """The same order with its whole blocks rearranged, so that neighbours keep the same columns where possible: kernels
    may then take several as one. A rest at the end stays there."""
    whole = len(order) // block
    sums = np.add.reduceat(scores[order[: whole * block]], np.arange(0, whole * block, block), axis=0)
    kept = max(round(share * sums.shape[1]), 1)
    on = np.zeros(sums.shape, np.float32)
    np.put_along_axis(on, np.argpartition(-sums, kept - 1, axis=1)[:, :kept], 1, axis=1)
    line, left = [0], set(range(1, whole))
    while left:
        common = on @ on[line[-1]]
        line.append(max(left, key=lambda at: (common[at], -at)))
        left.remove(line[-1])
    blocks = order[: whole * block].reshape(whole, block)[line]
    return np.concatenate([blocks.ravel(), order[whole * block :]])


def _stays(scores: Array, block: int, share: float) -> float:
    """What blocks of one column keep of the sum, where all compete."""
    sums = np.add.reduceat(scores, np.arange(0, len(scores), block), axis=0).ravel()
    kept = max(round(share * len(sums)), 1)
    return float(np.partition(sums, len(sums) - kept)[len(sums) - kept :].sum())
