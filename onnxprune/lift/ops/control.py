"""If, Loop and Scan: bodies are run as often as the graph says, so gradients flow through every round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

Host = np.ndarray


@operator("If", host=(0,))
def if_(call: Call, condition: Host) -> Sequence[Tensor]:
    """One of two branches."""
    return call.bodies["then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"]([])


@operator("Loop", host=(0, 1))
def loop(call: Call, count: Host | None, condition: Host | None, *carried: Tensor) -> Sequence[Tensor]:
    """As often as the count and the condition allow; what every round gives out beside what it carries is stacked."""
    most = None if count is None else int(count.reshape(-1)[0])
    going = condition is None or bool(condition.reshape(-1)[0])
    state, rounds, number = list(carried), [], 0
    while going and (most is None or number < most):
        made = call.bodies["body"]([torch.tensor(number), torch.tensor(True), *state])
        going, number = bool(made[0].reshape(-1)[0]), number + 1
        state = made[1 : 1 + len(state)]
        rounds.append(made[1 + len(state) :])
    if not rounds and len(call.wanted) > len(state):
        raise NotImplementedError("a loop that isn't run and gives out sequences")
    return [*state, *(torch.stack(column) for column in zip(*rounds, strict=True))]


@operator("Scan", since=9)
def scan(call: Call, *operands: Tensor) -> Sequence[Tensor]:
    """A body for every entry of sequences, forwards or backwards."""
    count = int(call.attr("num_scan_inputs"))
    state, sequences = list(operands[:-count]), operands[-count:]
    axes = call.attr("scan_input_axes") or [0] * count
    backwards = call.attr("scan_input_directions") or [0] * count
    runs = [s.unbind(axis)[:: -1 if back else 1] for s, axis, back in zip(sequences, axes, backwards, strict=True)]
    rounds = []
    for entries in zip(*runs, strict=True):
        made = call.bodies["body"]([*state, *entries])
        state = made[: len(state)]
        rounds.append(made[len(state) :])
    outputs = len(rounds[0])
    axes = call.attr("scan_output_axes") or [0] * outputs
    backwards = call.attr("scan_output_directions") or [0] * outputs
    columns = zip(zip(*rounds, strict=True), axes, backwards, strict=True)
    return [*state, *(torch.stack(column[:: -1 if back else 1], axis) for column, axis, back in columns)]
