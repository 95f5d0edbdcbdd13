"""Zeroth order: gradients from differences of losses, without a way back through the model."""

from __future__ import annotations

import math

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.activation import wanda
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.progress import counted

Array = np.ndarray

DIRECTIONS = 512
"""At most; as many as there are units, if that is less. Each takes two runs over some data."""

STEP = 0.01
"""How far gates are moved from 1, up and down."""


@criterion("zeroth_order", Needs.MOMENTS, trials=True)
def zeroth_order(context: Context, group: Group) -> Array:
    """Weights times activations times gradient, from forward runs alone (Cheng et al. 2024, "MINI-LLM").

    The gradient is that of the loss by the factor of a unit, by simultaneous perturbation of all units up and down
    (Spall 1992, SPSA, as MINI-LLM has it for weights); the loss without labels is `onnxprune.runtime.loss.Surprise`.
    Directions are columns of a Hadamard matrix under random signs, so that units don't disturb one another as long as
    there are no more than directions. Weights times activations are Wanda's. It takes up to 1024 runs over some data.
    """
    if group.id not in {g.id for g in context.gated()}:
        return energy(context, group)
    gradients = context.at_once("zeroth_order", lambda: _gradients(context))
    return np.asarray(np.abs(gradients[group.id]) * wanda(context, group))


def _gradients(context: Context) -> dict[str, Array]:
    groups, trials = context.gated(), context.trials
    assert trials is not None
    ends = np.cumsum([g.size for g in groups])
    directions = _directions(int(ends[-1]), context.random)
    total = np.zeros(int(ends[-1]))
    for number, direction in enumerate(directions):
        trials.tell(counted("direction", number, len(directions)))
        up, down = (
            trials.surprise(dict(zip([g.id for g in groups], np.split(1 + side * direction, ends[:-1]), strict=True)))
            for side in (STEP, -STEP)
        )
        slope = (up - down) / (2 * STEP)
        total += direction * (slope if math.isfinite(slope) else 0.0)
    return dict(zip([g.id for g in groups], np.split(total / len(directions), ends[:-1]), strict=True))


def _directions(units: int, random: np.random.Generator) -> Array:
    """[directions, units] of 1 and -1; the mean of all outer products is the identity where directions are enough."""
    order = 1
    while order < min(units, DIRECTIONS):
        order *= 2
    columns = np.concatenate([random.permutation(order) for _ in range(math.ceil(units / order))])[:units]
    signs = random.choice([-1.0, 1.0], units)
    return np.asarray(_hadamard(order)[:, columns] * signs)


def _hadamard(order: int) -> Array:
    """Sylvester's matrix of an order that is a power of two."""
    found = np.ones((1, 1))
    while len(found) < order:
        found = np.block([[found, found], [found, -found]])
    return found
