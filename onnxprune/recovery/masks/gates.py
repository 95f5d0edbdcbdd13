"""Gates with gradients, of one logit each.

    concrete  clip((zeta - gamma) s + gamma, 0, 1), s = sigmoid((log u - log(1 - u) + logit) / beta), u uniform: 0 with
              some probability, 1 with some, else between (Louizos, Welling and Kingma 2018, "Learning Sparse Neural
              Networks through L0 Regularization")
    clipped   the same without noise: clip((zeta - gamma) sigmoid(logit) + gamma, 0, 1)
    straight  1 above a logit of 0, else 0, with the derivative of the sigmoid (Bengio, Leonard and Courville 2013,
              "Estimating or Propagating Gradients Through Stochastic Neurons")

Each tells as well how much of it is expected to be there, which is what a unit costs: the probability that a concrete
gate isn't 0, the value of the others.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

LOW, HIGH = -0.1, 1.1
"""Where a gate is stretched to before it is clipped (gamma, zeta)."""

TEMPERATURE = 2 / 3
"""beta"""

LEAST = 1e-6
"""Uniform numbers keep off 0 and 1 by this."""


class Gate(ABC):
    """middle: the logit at which half of a unit is expected; near, sure, gone: how far from it logits are at the start,
    those of units next to the line between what stays and what goes, of the best and of the worst unit; rate: by which
    they change in a step; noisy: whether gates are drawn"""

    middle = 0.0
    near, sure, gone = 0.3, 3.0, 3.0
    rate = 0.05
    noisy = False

    @abstractmethod
    def values(self, logits: Tensor, uniform: Tensor) -> Tensor:
        """Gates [units]. uniform: numbers between 0 and 1, [units], for gates that are drawn"""

    @abstractmethod
    def expected(self, logits: Tensor) -> Tensor:
        """How much of every unit counts, [units]."""


class Concrete(Gate):
    """Hard concrete."""

    middle = TEMPERATURE * math.log(-LOW / HIGH)
    near, sure, gone = 1.0, 7.0, 2.0  # a gate that is never drawn above 0 has no gradient
    rate = 0.1
    noisy = True

    def values(self, logits: Tensor, uniform: Tensor) -> Tensor:
        u = uniform.clamp(LEAST, 1 - LEAST)
        s = torch.sigmoid((u.log() - (1 - u).log() + logits) / TEMPERATURE)
        return _clipped(s)

    def expected(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits - self.middle)


class Clipped(Gate):
    """Stretched sigmoid, which has no gradient beyond a logit of log 11."""

    near, sure, gone = 0.3, 2.3, 2.3

    def values(self, logits: Tensor, uniform: Tensor) -> Tensor:
        return _clipped(torch.sigmoid(logits))

    def expected(self, logits: Tensor) -> Tensor:
        return _clipped(torch.sigmoid(logits))


class Straight(Gate):
    """Steps."""

    rate = 0.1

    def values(self, logits: Tensor, uniform: Tensor) -> Tensor:
        soft = torch.sigmoid(logits)
        return (logits.detach() > 0).to(soft.dtype) + (soft - soft.detach())

    def expected(self, logits: Tensor) -> Tensor:
        return self.values(logits, logits)


GATES: dict[str, type[Gate]] = {"concrete": Concrete, "clipped": Clipped, "straight": Straight}


def _clipped(s: Tensor) -> Tensor:
    return (s * (HIGH - LOW) + LOW).clamp(0.0, 1.0)


def polarisation(gates: Tensor, pull: float = 1.2) -> Tensor:
    """The mean of t |z| - |z - mean z|: least where some gates are 0 and all others as far from them as can be (Zhuang
    et al. 2020, "Neuron-level Structured Pruning using Polarization Regularizer"). pull: t"""
    return (pull * gates.abs() - (gates - gates.mean()).abs()).mean()
