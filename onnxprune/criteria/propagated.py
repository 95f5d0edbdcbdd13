"""Propagated: what removing units costs in the layers behind, times what an error there costs at the outputs."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.brain import obs
from onnxprune.criteria.grams import grams
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.progress import counted

Array = np.ndarray

AMPLITUDE = 0.25
"""Of the noise: an error of some per cent, as pruning makes it. A loss is curved, so a much smaller one tells less."""

MOST = 1000.0
"""Times the usual rate, or that part of it: no error is for nothing, nor without price."""

SAMPLES = 8
"""For one loss: noise hits all units of a group, so a few samples tell what it does."""


@criterion("obs_loss", Needs.COVARIANCES, trials=True, losses=True)
def obs_loss(context: Context, group: Group) -> Array:
    """Error after least squares (see `obs`) in units of the model's loss: errors weigh what they do to the outputs.

    Not published in this form. Random signs times a quarter are added to all gates of a group; the loss that this makes
    over the error that it makes in the layers behind is what an error there costs. A group without a gate counts as the
    average one.
    """
    rates = context.at_once("obs_loss", lambda: _rates(context))
    return np.asarray(obs(context, group) * rates[group.id])


def _rates(context: Context) -> dict[str, Array]:
    """The loss of an error in the layers behind, for every group."""
    gated = context.gated()
    found: dict[str, float] = {}
    for number, group in enumerate(gated):
        if context.trials is not None:
            context.trials.tell(counted("shaking group", number, len(gated)))
            found[group.id] = _loss(context, group) / max(_error(context, group), 1e-12)
    sound = [rate for rate in found.values() if np.isfinite(rate) and rate > 0]
    usual = float(np.exp(np.mean(np.log(sound)))) if sound else 1.0
    rates = {g.id: found.get(g.id, usual) for g in context.groups}
    return {k: np.clip(np.nan_to_num(rate, posinf=np.inf), usual / MOST, usual * MOST) for k, rate in rates.items()}


def _loss(context: Context, group: Group) -> float:
    """The loss under random gates."""
    if context.trials is None:
        return 0.0
    gates = 1 + AMPLITUDE * context.random.choice([-1.0, 1.0], group.size)
    return context.trials.loss({group.id: gates}, SAMPLES)


def _error(context: Context, group: Group) -> float:
    """The expected error of the layers behind under random gates, over the variance of what they make, summed."""
    errors = [_shaken(*found) for found in context.readers(group)]
    return AMPLITUDE**2 * float(sum(errors)) if errors else AMPLITUDE**2


def _shaken(layer: Layer, labels: Array, seen: Activation) -> float:
    """What independent signs of the units make of a layer's output, over the variance of that."""
    shaken = made = 0.0
    for part in grams(layer, seen):
        own, mean = labels[part.at], seen.mean[part.at]
        together = (own[:, None] == own[None, :]) & (own >= 0)[:, None]
        shaken += float(np.sum((part.gram * (part.covariance + np.outer(mean, mean)))[together]))
        made += part.made
    return shaken / max(made, 1e-30)
