"""LSTM, GRU and RNN: by torch's fused kernels where a node is one that they know, step by step elsewhere.

X is [steps, batch, inputs] (or batch first by `layout`), W [directions, gates x hidden, inputs], R [directions,
gates x hidden, hidden], B [directions, 2 gates x hidden], states [directions, batch, hidden].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator
from onnxprune.lift.ops.recurrent_cells import CELLS, Cell, Gates, Seen

Host = np.ndarray
States: TypeAlias = tuple[Tensor, ...]

_ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""torch's gates -> those of ONNX: input, forget, cell, output of input, output, forget, cell; reset, update, hidden of
update, reset, hidden."""

_USUAL = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh"), "RNN": ("tanh",)}


@dataclass(frozen=True)
class _Layer:
    """A node's operands, time first. lengths: of the sequences, None where all are whole; peepholes: of an LSTM"""

    op: str
    x: Tensor
    weight: Tensor
    recurrence: Tensor
    bias: Tensor | None
    states: States
    lengths: Tensor | None
    peepholes: Tensor | None
    direction: str
    activations: tuple[str, ...]

    @property
    def count(self) -> int:
        """Gates of a cell."""
        return len(_ORDER[self.op])


@operator("LSTM", weights=(1, 2, 3, 5, 6, 7), host=(4,))
def lstm(
    call: Call,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    lengths: Host | None = None,
    hidden: Tensor | None = None,
    cell: Tensor | None = None,
    p: Tensor | None = None,
) -> Sequence[Tensor]:
    """Long short-term memory, with peepholes, coupled gates and cut gates where the node asks for them."""
    return layered(call, x, w, r, b, lengths, (hidden, cell), p)


@operator("GRU", "RNN", weights=(1, 2, 3, 5), host=(4,))
def gru(
    call: Call,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    lengths: Host | None = None,
    hidden: Tensor | None = None,
) -> Sequence[Tensor]:
    """Gated recurrent unit, or a plain recurrence."""
    return layered(call, x, w, r, b, lengths, (hidden,), None)


def layered(
    call: Call,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: Host | None,
    given: Sequence[Tensor | None],
    p: Tensor | None,
    seen: Seen | None = None,
) -> Sequence[Tensor]:
    """Y and the last states. seen: what products make of what they read, where that is something else (rounded, say)"""
    batch_first = bool(call.attr("layout", 0))
    x = x.transpose(0, 1) if batch_first else x
    shape = (w.shape[0], x.shape[1], r.shape[-1])
    turned = [s.transpose(0, 1) if s is not None and batch_first else s for s in given]
    states = tuple(x.new_zeros(shape) if s is None else s for s in turned)
    names = tuple(name.lower() for name in call.attr("activations") or ())
    names = names or _USUAL[call.op] * w.shape[0]
    whole = lengths is None or bool((lengths == x.shape[0]).all())
    counts = None if lengths is None or whole else torch.from_numpy(lengths.astype(np.int64)).to(x.device)
    layer = _Layer(call.op, x, w, r, b, states, counts, p, call.attr("direction", "forward"), names)
    made, last = _fused(layer) if seen is None and _is_plain(call, layer) else _stepped(call, layer, seen or _same)
    if batch_first:
        return [made.permute(2, 0, 1, 3), *(s.transpose(0, 1) for s in last)]
    return [made, *last]


def _is_plain(call: Call, layer: _Layer) -> bool:
    """Whether torch's kernels compute what the node says."""
    usual = _USUAL[call.op] * layer.weight.shape[0]
    known = layer.activations == usual or (call.op == "RNN" and set(layer.activations) == {"relu"})
    if call.op == "GRU" and not call.attr("linear_before_reset", 0):
        return False
    odd = call.attr("clip") or call.attr("input_forget", 0) or call.attr("activation_alpha")
    return known and not odd and layer.lengths is None and layer.peepholes is None


def _fused(layer: _Layer) -> tuple[Tensor, States]:
    """[steps, directions, batch, hidden] and the last states, by one call."""
    from torch import _VF  # the functions behind torch.nn.LSTM, which take weights as arguments

    backwards = layer.direction == "reverse"
    x = layer.x.flip(0) if backwards else layer.x
    flat = [v for d in range(layer.weight.shape[0]) for v in _in_order(layer, d)]
    options = (flat, layer.bias is not None, 1, 0.0, False, layer.direction == "bidirectional", False)
    hidden = layer.states[0].contiguous()
    if layer.op == "LSTM":
        made, *last = _VF.lstm(x, (hidden, layer.states[1].contiguous()), *options)
    else:
        function = {"GRU": _VF.gru, "tanh": _VF.rnn_tanh, "relu": _VF.rnn_relu}
        made, *last = function["GRU" if layer.op == "GRU" else layer.activations[0]](x, hidden, *options)
    made = made.unflatten(-1, (layer.weight.shape[0], -1)).transpose(1, 2)
    return made.flip(0) if backwards else made, tuple(last)


def _in_order(layer: _Layer, direction: int) -> list[Tensor]:
    """Weights and biases of a direction with the gates in torch's order."""
    parts = [layer.weight[direction], layer.recurrence[direction]]
    if layer.bias is not None:
        parts += layer.bias[direction].chunk(2)
    order = _ORDER[layer.op]
    if len(order) == 1:
        return parts
    return [torch.cat([part.chunk(len(order))[gate] for gate in order]) for part in parts]


def _same(x: Tensor) -> Tensor:
    return x


def _stepped(call: Call, layer: _Layer, seen: Seen) -> tuple[Tensor, States]:
    """The same step by step."""
    count, hidden = layer.weight.shape[0], layer.recurrence.shape[-1]
    made, last = [], []
    for d in range(count):
        backwards = layer.direction == "reverse" or d == 1
        bias = layer.x.new_zeros(2 * layer.count * hidden) if layer.bias is None else layer.bias[d]
        peepholes = None if layer.peepholes is None else layer.peepholes[d]
        each = len(layer.activations) // count
        gates = Gates(call, layer.activations[d * each : (d + 1) * each], d, bias, peepholes)
        cell = CELLS[layer.op](gates, layer.recurrence[d], seen)
        turned = _turned(layer.x, layer.lengths) if backwards else layer.x
        outputs, state = _run(layer, cell, seen(turned) @ layer.weight[d].t(), tuple(s[d] for s in layer.states))
        made.append(_turned(outputs, layer.lengths) if backwards else outputs)
        last.append(state)
    return torch.stack(made, 1), tuple(torch.stack(column) for column in zip(*last, strict=True))


def _run(layer: _Layer, cell: Cell, products: Tensor, state: States) -> tuple[Tensor, States]:
    """[steps, batch, hidden] and the states behind the last entry of every sequence."""
    rounds = []
    for step, product in enumerate(products):
        new = cell(product, state)
        if layer.lengths is None:
            rounds.append(new[0])
            state = new
            continue
        inside = (layer.lengths > step)[:, None]
        rounds.append(torch.where(inside, new[0], 0.0))
        state = tuple(torch.where(inside, n, old) for n, old in zip(new, state, strict=True))
    return torch.stack(rounds), state


def _turned(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Every sequence backwards; what is behind its end stays."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    at = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return x.gather(0, at[..., None].expand(-1, -1, x.shape[-1]))
