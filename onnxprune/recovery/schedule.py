"""How the rate goes: up along a line at first, then down along half a cosine to nothing.

Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts".
"""

from __future__ import annotations

import math

WARM = 0.05
"""Of the whole training."""


def rate(done: float) -> float:
    """The share of the highest rate; done: how much of the training is over, 0 to 1."""
    if done >= 1:
        return 0.0
    return (done + 1e-3) / WARM if done < WARM - 1e-3 else 0.5 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM)))
