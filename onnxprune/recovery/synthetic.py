"""Inputs where there are none: made so that what batch normalisations read has the statistics that they store.

Cai et al. 2020, "ZeroQ: A Novel Zero Shot Quantization Framework"; Yin et al. 2020, "Dreaming to Distill". Random
inputs are changed by gradients until the means and deviations of every channel before every normalisation are those of
the training data. What a picture shows is still unknown, so nothing that comes of it is verified.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence

import numpy as np
import onnx_graphsurgeon as gs
import torch
from torch import Tensor

from onnxprune.calibration import Data
from onnxprune.graph import Model
from onnxprune.lift.lifting import lift
from onnxprune.lift.module import Lifted
from onnxprune.progress import Progress, Stage
from onnxprune.recovery.judge import tensors

STEPS = 100
RATE = 0.1
CALLS, SECONDS = 32, 120.0
"""At most so many calls, and so long; there is always one."""

ROWS = 16
"""Samples in a call, where the batch is open."""

NAME = "made up from stored statistics"


def statistics(model: Model) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What batch normalisations read -> the mean and the deviation that they store."""
    found = {}
    for node in model.graph.nodes:
        stored = [isinstance(t, gs.Constant) for t in node.inputs[3:5]]
        if node.op == "BatchNormalization" and stored == [True, True]:
            mean, variance = (np.asarray(t.values, np.float32) for t in node.inputs[3:5])
            found[str(node.inputs[0].name)] = mean, np.sqrt(np.maximum(variance, 0))
    return found


def invent(
    model: Model, like: Mapping[str, np.ndarray], axes: Mapping[str, int], seed: int, tell: Progress
) -> Data | None:
    """Calls of inputs of the same kind as `like`; None where the model has no statistics to go by.

    axes: where inputs hold their samples, if their number is open
    """
    wanted = statistics(model)
    floats = [name for name, values in like.items() if values.dtype.kind == "f"]
    if not wanted or not floats:
        return None
    lifted = lift(model).requires_grad_(False)
    random, began = np.random.default_rng(seed), time.monotonic()
    calls: list[dict[str, np.ndarray]] = []
    while not calls or (len(calls) < CALLS and time.monotonic() - began < SECONDS):
        tell(Stage(f"making inputs up: call {len(calls) + 1} of at most {CALLS}", len(calls), CALLS))
        calls.append(_call(lifted, _start(like, floats, axes, random), floats, wanted))
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for call in calls for v in call.values()))
    rows = tuple(next((call[n].shape[a] for n, a in axes.items() if n in call), 1) for call in calls)
    return Data(NAME, digest.hexdigest(), rows, lambda i: calls[i], dict(axes), synthetic=True)


def _start(
    like: Mapping[str, np.ndarray], floats: Sequence[str], axes: Mapping[str, int], random: np.random.Generator
) -> dict[str, np.ndarray]:
    made = {}
    for name, values in like.items():
        rows = values if name not in axes else np.repeat(np.take(values, [0], axes[name]), ROWS, axes[name])
        made[name] = random.standard_normal(rows.shape).astype(np.float32) if name in floats else rows
    return made


def _call(
    lifted: Lifted,
    start: Mapping[str, np.ndarray],
    floats: Sequence[str],
    wanted: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Descend to inputs whose statistics are the stored ones."""
    feeds = tensors(start, torch.device("cpu"))
    for name in floats:
        feeds[name].requires_grad_()
    targets = {name: tuple(torch.tensor(v) for v in pair) for name, pair in wanted.items()}
    optimizer = torch.optim.Adam([feeds[name] for name in floats], lr=RATE)
    for _ in range(STEPS):
        made = lifted(feeds, tuple(targets))
        loss = torch.stack([_gap(made[name], *pair) for name, pair in targets.items() if name in made]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: value.detach().numpy().astype(start[name].dtype) for name, value in feeds.items()}


def _gap(values: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """How far the statistics of channels are from the stored ones, in units of the stored deviations."""
    rows = values.movedim(1, -1).reshape(-1, values.shape[1])
    scale = deviation.clamp_min(1e-3)
    spread = rows.std(0, unbiased=False) if len(rows) > 1 else deviation
    return (((rows.mean(0) - mean) / scale).square() + ((spread - deviation) / scale).square()).mean()
