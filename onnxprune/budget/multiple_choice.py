"""The multiple-choice knapsack: one option for every group, the least loss, at most so much cost (by HiGHS)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray

GAP = 1e-4
"""A solution is the best one up to this share of its loss."""

NODES = 20_000
"""Of the solver's search tree, after which the best solution so far is taken: counted, so that runs are alike."""


def least_loss(losses: Sequence[Array], costs: Sequence[Array], room: float) -> list[int] | None:
    """The index of an option for every group: their losses sum up to the least, their costs to at most `room`.

    losses, costs: [options] of every group, costs of either sign. None where no choice is cheap enough. The solver's
    tolerance can let the costs exceed the room by about a millionth of the largest of them.
    """
    from scipy import optimize, sparse  # takes longer to import than most of what doesn't need it takes to run

    counts = [len(found) for found in losses]
    loss, cost = np.concatenate(losses), np.concatenate(costs)
    loss = loss / max(float(np.abs(loss).max()), 1e-300)
    unit = max(float(np.abs(cost).max()), abs(room), 1e-300)
    one_each = sparse.csr_array((np.ones(len(loss)), (np.repeat(np.arange(len(counts)), counts), np.arange(len(loss)))))
    found = optimize.milp(
        loss,
        integrality=np.ones(len(loss)),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(one_each, 1, 1),
            optimize.LinearConstraint((cost / unit)[None, :], -np.inf, room / unit),
        ],
        options={"mip_rel_gap": GAP, "node_limit": NODES, "presolve": False},  # that prints at times
    )
    if found.x is None:
        return None
    return [int(np.argmax(part)) for part in np.split(found.x, np.cumsum(counts)[:-1])]
