"""One step of a recurrent layer, as the formulas of ONNX say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import Call

States: TypeAlias = tuple[Tensor, ...]
Cell = Callable[[Tensor, States], States]
"""(W x of a step [batch, gates x hidden], states [batch, hidden]) -> states; the first one is what the layer gives."""

Seen = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Shape:
    """An activation of x and up to two numbers. numbers: their values where the node doesn't say"""

    function: Callable[..., Tensor]
    numbers: tuple[float, ...] = ()


_SHAPES: dict[str, _Shape] = {
    "relu": _Shape(torch.relu),
    "tanh": _Shape(torch.tanh),
    "sigmoid": _Shape(torch.sigmoid),
    "softsign": _Shape(F.softsign),
    "softplus": _Shape(F.softplus),
    "elu": _Shape(F.elu, (1.0,)),
    "leakyrelu": _Shape(F.leaky_relu, (0.01,)),
    "thresholdedrelu": _Shape(lambda x, a: F.threshold(x, a, 0.0), (1.0,)),
    "affine": _Shape(lambda x, a, b: a * x + b, (1.0, 0.0)),
    "scaledtanh": _Shape(lambda x, a, b: a * torch.tanh(b * x), (1.0, 1.0)),
    "hardsigmoid": _Shape(lambda x, a, b: (a * x + b).clamp(0, 1), (0.2, 0.5)),
}


def activations(call: Call, names: Sequence[str], direction: int) -> Sequence[Callable[[Tensor], Tensor]]:
    """The activations of a direction; their numbers are given in the order of those that take any."""
    alphas, betas = list(call.attr("activation_alpha") or ()), list(call.attr("activation_beta") or ())
    found = []
    for name in [*(call.attr("activations") or ())][: direction * len(names)] + list(names):
        shape = _SHAPES.get(name.lower())
        if shape is None:
            raise NotImplementedError(f"the activation {name}")
        numbers = [
            given.pop(0) if given else usual for usual, given in zip(shape.numbers, (alphas, betas), strict=False)
        ]
        found.append(partial(_applied, shape.function, tuple(numbers)))
    return found[-len(names) :]


def _applied(function: Callable[..., Tensor], numbers: tuple[float, ...], x: Tensor) -> Tensor:
    return function(x, *numbers)


class Gates:
    """What the cells of a direction share: activations, biases, peepholes, how far gates may go."""

    def __init__(
        self, call: Call, names: Sequence[str], direction: int, bias: Tensor, peepholes: Tensor | None
    ) -> None:
        self.call = call
        self.functions = activations(call, names, direction)
        self.inner, self.outer = bias.chunk(2)
        self.peepholes = (0.0, 0.0, 0.0) if peepholes is None else peepholes.chunk(3)
        self._clip = float(call.attr("clip", 0.0) or 0.0)

    def cut(self, x: Tensor) -> Tensor:
        """What goes into an activation."""
        return x.clamp(-self._clip, self._clip) if self._clip else x


def rnn_cell(gates: Gates, recurrence: Tensor, seen: Seen) -> Cell:
    """H = f(W x + R H + biases)."""
    bias, (f,) = gates.inner + gates.outer, gates.functions

    def cell(product: Tensor, states: States) -> States:
        return (f(gates.cut(product + seen(states[0]) @ recurrence.t() + bias)),)

    return cell


def gru_cell(gates: Gates, recurrence: Tensor, seen: Seen) -> Cell:
    """z, r = f(W x + R H + biases); n = g(W x + b + r (R H + c)), or g(W x + b + R (r H) + c); H = (1 - z) n + z H."""
    (f, g), hidden = gates.functions, recurrence.shape[-1]
    behind, both = bool(gates.call.attr("linear_before_reset", 0)), gates.inner + gates.outer

    def cell(product: Tensor, states: States) -> States:
        last = states[0]
        around = seen(last) @ (recurrence if behind else recurrence[: 2 * hidden]).t()
        start = product[:, : 2 * hidden] + around[:, : 2 * hidden] + both[: 2 * hidden]
        update, reset = f(gates.cut(start)).chunk(2, -1)
        if behind:
            around = around[:, 2 * hidden :] + gates.outer[2 * hidden :]
            inside = product[:, 2 * hidden :] + gates.inner[2 * hidden :] + reset * around
        else:
            inside = product[:, 2 * hidden :] + both[2 * hidden :] + seen(reset * last) @ recurrence[2 * hidden :].t()
        return ((1 - update) * g(gates.cut(inside)) + update * last,)

    return cell


def lstm_cell(gates: Gates, recurrence: Tensor, seen: Seen) -> Cell:
    """i, f = f(... + P C); C' = f C + i g(...); o = f(... + P C'); H = o h(C')."""
    bias, (f, g, h), (pi, po, pf) = gates.inner + gates.outer, gates.functions, gates.peepholes
    coupled = bool(gates.call.attr("input_forget", 0))

    def cell(product: Tensor, states: States) -> States:
        last, before = states
        i, o, keep, c = (product + seen(last) @ recurrence.t() + bias).chunk(4, -1)
        i = f(gates.cut(i + pi * before))
        keep = 1 - i if coupled else f(gates.cut(keep + pf * before))
        after = keep * before + i * g(gates.cut(c))
        return f(gates.cut(o + po * after)) * h(after), after

    return cell


CELLS: dict[str, Callable[[Gates, Tensor, Seen], Cell]] = {"RNN": rnn_cell, "GRU": gru_cell, "LSTM": lstm_cell}
