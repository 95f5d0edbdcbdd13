"""Choosing among boxes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

Host = np.ndarray


@operator("NonMaxSuppression", host=(0, 1, 2, 3, 4))
def non_max_suppression(
    call: Call,
    boxes: Host,
    scores: Host,
    most: Host | None = None,
    overlap: Host | None = None,
    least: Host | None = None,
) -> Tensor:
    """[chosen, 3]: sample, class and box; of every class the best ones that share little with better ones.

    boxes: [batch, boxes, 4], corners in either order, or centres and sizes; scores: [batch, classes, boxes]
    """
    count = 0 if most is None else int(most.reshape(-1)[0])
    limit = 0.0 if overlap is None else float(overlap.reshape(-1)[0])
    found: list[tuple[int, int, int]] = []
    for sample, corners in enumerate(_corners(boxes, bool(call.attr("center_point_box", 0)))):
        for kind, row in enumerate(scores[sample]):
            order = np.argsort(-row, kind="stable")
            order = order if least is None else order[row[order] > float(least.reshape(-1)[0])]
            found += [(sample, kind, int(i)) for i in _chosen(corners, order, limit, count)]
    return torch.tensor(found, dtype=torch.long).reshape(-1, 3)


def _corners(boxes: Host, centred: bool) -> Host:
    """[batch, boxes, 2, 2]: the lower corner and the upper one."""
    pairs = boxes.astype(np.float64).reshape(*boxes.shape[:2], 2, 2)
    if centred:
        half = pairs[:, :, 1] / 2
        return np.stack([pairs[:, :, 0] - half, pairs[:, :, 0] + half], 2)
    return np.sort(pairs, axis=2)


def _chosen(corners: Host, order: Host, limit: float, most: int) -> list[int]:
    chosen: list[int] = []
    for i in order:
        if len(chosen) == most:
            break
        if all(_shared(corners[i], corners[j]) <= limit for j in chosen):
            chosen.append(int(i))
    return chosen


def _shared(a: Host, b: Host) -> float:
    """The area of both over that of either."""
    both = np.prod(np.maximum(np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]), 0))
    either = np.prod(a[1] - a[0]) + np.prod(b[1] - b[0]) - both
    return float(both / either) if either > 0 else 0.0
