"""Second order by gradients: what the whole model's loss rises by when a block of weights goes.

Kurtic et al. 2022, "The Optimal BERT Surgeon: Scalable and Accurate Second-Order Pruning for Large Language Models".
With the loss at a minimum and F its Fisher information, taking the weights w_B of a block costs w_B' ([F^-1]_BB)^-1 w_B
/ 2 once those that stay have moved by -F^-1 E_B ([F^-1]_BB)^-1 w_B. F is known in tiles along its diagonal (`fisher`),
so what stays makes up for what goes within a tile. The authors take some weights at a time, train, and look at new
gradients in between, and let all layers compete. Here the gradients are those of the dense model, some blocks go at a
time as well, and each layer has the zeros that were given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from onnxprune.sparse.fisher import Tiles
from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task

Array = np.ndarray

ROUNDS = 8
"""In which blocks go, each scored by what has been made up for by then; the same share of what is left in each."""

AT_ONCE = 2**22
"""Entries of matrices that are inverted in one go, in float64."""


@sparsifier("obert", looks=False, gradients=True)
def obert(task: Task) -> np.ndarray:
    """The optimal brain surgeon on the model's loss, by Fisher information (Kurtic et al. 2022, oBERT).

    Of n:m every weight is scored by itself. Weights that no gradient reaches go by their squares.
    """
    if task.known.fisher is None:
        return np.where(task.mask(np.square(task.target)), task.target, 0)
    tiles, shape = Tiles.of(task.pattern), task.target.shape
    start, fisher = tiles.cut(task.target), _Damped(task.known.fisher, task.damping)
    parts = [slice(at, at + fisher.step) for at in range(0, len(start), fisher.step)]
    there = tiles.cut(np.ones(shape, bool))
    for mask in _masks(task):
        costs = np.concatenate([_costs(start[at], there[at], fisher[at], tiles) for at in parts])
        there = there & tiles.cut(mask(tiles.paste(costs, shape)))
    return tiles.paste(np.concatenate([_moved(start[at], there[at], fisher[at]) for at in parts]), shape)


class _Damped:
    """Fisher information [tiles, n, n] with a fraction of its mean variance added; float64 as far as it's asked for."""

    def __init__(self, fisher: Array, damping: float) -> None:
        level = float(np.einsum("tii->", fisher, dtype=np.float64)) / max(fisher.shape[0] * fisher.shape[1], 1)
        self._fisher, self._eye = fisher, np.eye(fisher.shape[1])
        self._damping = damping * level if np.isfinite(level) and level > 0 else 1.0
        self.step = max(AT_ONCE // fisher.shape[1] ** 2, 1)

    def __getitem__(self, at: slice) -> Array:
        return np.asarray(self._fisher[at] + max(self._damping, 1e-300) * self._eye, np.float64)


def _masks(task: Task) -> Iterator[Callable[[Array], Array]]:
    """What may stay after every round, by scores; of n:m one more of every m goes in each."""
    if task.pattern.kept:
        for kept in range(task.pattern.inputs - 1, task.pattern.kept - 1, -1):
            yield partial(replace(task.pattern, kept=kept).mask, sparsity=0)
        return
    for number in range(1, ROUNDS + 1):
        yield partial(task.pattern.mask, sparsity=1 - (1 - task.sparsity) ** (number / ROUNDS))


def _inside(fisher: Array, there: Array) -> Array:
    """Of what is there; the rest stands by itself, so that there is an inverse."""
    return np.where(there[:, :, None] & there[:, None, :], fisher, np.eye(fisher.shape[-1]))


def _costs(start: Array, there: Array, fisher: Array, tiles: Tiles) -> Array:
    """w_B' ([F^-1]_BB)^-1 w_B / 2 of every piece, at its first weight, so that sums over blocks are their costs:
    [tiles, n]. w and F^-1 are those of what is there, after the move that makes up for what isn't."""
    count, size = tiles.count, tiles.high * tiles.wide
    inverse = np.linalg.inv(_inside(fisher, there))
    pieces = (inverse @ _pulled(start, there, fisher)).reshape(-1, count, size, 1)
    every = inverse.reshape(-1, count, size, count, size)
    own = every[:, np.arange(count), :, np.arange(count)].swapaxes(0, 1)
    found = np.zeros((len(start), count, size))
    found[..., 0] = (pieces * np.linalg.solve(own, pieces)).sum(axis=(2, 3)) / 2
    return found.reshape(start.shape)


def _moved(start: Array, there: Array, fisher: Array) -> Array:
    """What stays, after the move that costs least with all that goes in a tile taken together: F_SS w' = (F w)_S."""
    return np.asarray(np.linalg.solve(_inside(fisher, there), _pulled(start, there, fisher))[..., 0] * there)


def _pulled(start: Array, there: Array, fisher: Array) -> Array:
    """(F w)_S, zero elsewhere [tiles, n, 1]."""
    return np.where(there[..., None], fisher @ start[..., None], 0)
