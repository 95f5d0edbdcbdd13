"""Bonsai: a linear model of the loss, fitted to trials in which a few units of every group are left out at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.activation import wanda
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.progress import Stage

Array = np.ndarray

SUBMODELS = 400
"""Sub-models that are tried, in pairs. The authors take 200 in each of ten rounds, one for every 5 % that goes."""

FRACTION = 0.05
"""Of the units of every group that a sub-model lacks, and one more (the authors' prune_frac)."""

PENALTIES = 10.0 ** np.arange(-3, 4)
"""Tried for the regression, in parts of the mean square of its rows."""


@criterion("bonsai", Needs.MOMENTS, trials=True)
def bonsai(context: Context, group: Group) -> Array:
    """Coefficient in a ridge regression of the loss on random masks (Kolawole, Dery et al. 2024, "Bonsai").

    Sub-models lack units that are drawn in inverse proportion to a prior, weights times activations as in Wanda. Twice
    as many are drawn in every group as a sub-model lacks: one half goes in one trial, the other in its complement. The
    coefficients shrink towards the prior, as scaled by least squares. All is done once, where the authors prune 5 % and
    start again. Of penalties, leave-one-out cross-validation chooses. It takes 400 runs over some data.
    """
    if group.id not in {g.id for g in context.gated()}:
        return energy(context, group)
    return context.at_once("bonsai", lambda: _coefficients(context))[group.id]


def _coefficients(context: Context) -> dict[str, Array]:
    groups, trials = context.gated(), context.trials
    assert trials is not None
    priors = [_shares(wanda(context, g)) for g in groups]
    rows: list[Array] = []
    losses: list[float] = []
    for number in range(SUBMODELS // 2):
        trials.tell(
            Stage(f"trying sub-models {2 * number + 1} and {2 * number + 2} of {SUBMODELS}", 2 * number, SUBMODELS)
        )
        halves = [_halves(prior, context.random) for prior in priors]
        for side in (0, 1):
            gone = [_marked(len(prior), half[side]) for prior, half in zip(priors, halves, strict=True)]
            losses.append(trials.loss({g.id: 1 - lost for g, lost in zip(groups, gone, strict=True)}))
            rows.append(np.concatenate(gone))
    found = fit(np.array(rows), bounded(np.array(losses)), np.concatenate(priors))
    return dict(zip([g.id for g in groups], np.split(found, _ends(groups)), strict=True))


def _shares(scores: Array) -> Array:
    """The prior of one group, which sums to 1."""
    return np.asarray(scores / max(float(scores.sum()), np.finfo(float).tiny))


def _halves(prior: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Units to leave out of a sub-model, and of its complement; the least useful ones are drawn most often."""
    many = min(int(FRACTION * len(prior)) + 1, len(prior) // 2)
    odds = prior.max() - prior
    odds = odds + max(float(odds.mean()), 1.0 / len(prior)) * 1e-3  # so that every unit can be drawn
    drawn = random.choice(len(prior), 2 * many, replace=False, p=odds / odds.sum())
    return drawn[:many], drawn[many:]


def _marked(size: int, units: Array) -> Array:
    gone = np.zeros(size)
    gone[units] = 1
    return gone


def _ends(groups: Sequence[Group]) -> Array:
    return np.asarray(np.cumsum([g.size for g in groups])[:-1])


def bounded(losses: Array) -> Array:
    """Losses with the largest finite one in the place of infinite ones."""
    finite = losses[np.isfinite(losses)]
    return np.asarray(np.minimum(losses, float(finite.max()) if finite.size else 0.0))


def fit(rows: Array, losses: Array, prior: Array) -> Array:
    """Coefficients [units] of a ridge regression around a multiple of the prior.

    rows: [trials, units], 1 where a unit is left out; losses: [trials]; prior: [units], at least 0
    """
    x, y = rows - rows.mean(axis=0), losses - losses.mean()
    along = x @ prior
    scale = max(float(along @ y) / max(float(along @ along), np.finfo(float).tiny), 0.0)
    rest = y - scale * along
    values, vectors = np.linalg.eigh(x @ x.T)
    values, turned = np.maximum(values, 0), vectors.T @ rest
    level = max(float(values.mean()), np.finfo(float).tiny)
    best = min(PENALTIES * level, key=lambda penalty: _left_out(values, vectors, turned, penalty))
    return np.asarray(scale * prior + x.T @ (vectors @ (turned / (values + best))))


def _left_out(values: Array, vectors: Array, turned: Array, penalty: float) -> float:
    """Mean squared error of every trial as told by the others. The mean is taken away before, and one trial counts."""
    kept = penalty / (values + penalty)
    diagonal = (vectors**2) @ kept - 1 / len(values)
    return float(np.mean((vectors @ (kept * turned) / np.maximum(diagonal, 1e-9)) ** 2))
