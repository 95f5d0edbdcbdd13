"""The price of what is spent beyond a target: multipliers that rise while it is missed.

Xia, Zhong and Chen 2022, "Structured Pruning Learns Compact and Accurate Models" (CoFi): a (c - t) + b (c - t)^2 is
added to the loss, gates go down its slope, a and b go up. Here c is the expected cost as a fraction of the dense
model's, and the loss is one at the decision that training begins with, so multipliers mean the same for all models.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

RISE = 600.0
"""What a multiplier rises by in a whole training, for every unit of cost that is too much."""

STIFF = 20.0
"""The second multiplier at the start."""


@dataclass
class Lagrangian:
    """target: the fraction that may stay; warm: the part of the training in which it falls to that from 1; square:
    whether the second multiplier is learned"""

    target: float
    warm: float = 0.0
    square: bool = True
    first: float = 0.0
    second: float = STIFF

    def aim(self, done: float) -> float:
        """The target at a part of the training, 0 to 1."""
        over = 1.0 if self.warm == 0 else min(done / self.warm, 1.0)
        return 1.0 + (self.target - 1.0) * over

    def price(self, cost: Tensor, done: float) -> Tensor:
        """What is added to the loss. cost: the expected fraction"""
        beyond = cost - self.aim(done)
        return self.first * beyond + self.second * beyond.square()

    def rise(self, cost: float, done: float, more: float) -> None:
        """Learn from a step. more: what part of the training it was"""
        beyond = cost - self.aim(done)
        self.first += RISE * more * beyond
        if self.square:
            self.second += RISE * more * beyond**2
