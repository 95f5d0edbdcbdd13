"""How alike a block's output is to what it reads, over data: a block that turns it little can spare more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from statistics import fmean

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration.activations import BYTES, Source
from onnxprune.calibration.block import Block, blocks
from onnxprune.calibration.part import part_of
from onnxprune.calibration.portions import portions
from onnxprune.coupling import Analysis
from onnxprune.progress import Progress, Steps, silent
from onnxprune.runtime import Feeds

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Likeness:
    """Means over all positions, that is, entries of the tensors without the axis of features, of all data.

    cosine: of what a block reads and makes; angle: between them, in half turns (1: opposite)
    """

    cosine: float
    angle: float


class _Sums:
    """What is added up for one block, call after call. Positions that are all zero have no direction: not counted."""

    def __init__(self) -> None:
        self.count = 0
        self.cosine = 0.0
        self.angle = 0.0

    def update(self, read: Array, made: Array, axis: int) -> None:
        """Take in one call."""
        if read.shape != made.shape:
            return
        product, squares, others = (
            np.einsum("...i,...i->...", one, other, dtype=np.float64)
            for one, other in _pairs(*(np.moveaxis(values, axis, -1) for values in (read, made)))
        )
        directed = (squares > 0) & (others > 0)
        cosines = np.clip(product[directed] / np.sqrt(squares[directed] * others[directed]), -1, 1)
        self.count += cosines.size
        self.cosine += float(cosines.sum())
        self.angle += float(np.arccos(cosines).sum()) / math.pi

    @property
    def mean(self) -> Likeness | None:
        return Likeness(self.cosine / self.count, self.angle / self.count) if self.count else None


def _pairs(read: Array, made: Array) -> list[tuple[Array, Array]]:
    return [(read, made), (read, read), (made, made)]


def compare_blocks(
    source: Source, analysis: Analysis, data: Sequence[Feeds], threads: int = 0, progress: Progress = silent
) -> dict[str, Likeness]:
    """Group id -> the likeness of its block (the mean of those that it reaches over), by running a model over data.

    analysis: of the same model. Groups without a block, or whose block's tensors turn out to differ in shape, are left
    out. The model is run as often as memory asks for. Raises InputError where it can't be run.
    """
    found = blocks(analysis)
    every = {id(block): block for own in found.values() for block in own}
    sums = {key: _Sums() for key in every}
    first = data[0] if len(data) else {}
    sizes = {key: _bytes(block, analysis.graph, first) for key, block in every.items()}
    parts = list(portions(sizes, BYTES))
    step = Steps(progress, "comparing what blocks read and make", len(parts) * len(data))
    for keys in parts:
        _run(source, [every[key] for key in keys], [sums[key] for key in keys], data, threads, step)
    means = {name: [m for block in own if (m := sums[id(block)].mean) is not None] for name, own in found.items()}
    return {
        name: Likeness(fmean(m.cosine for m in own), fmean(m.angle for m in own)) for name, own in means.items() if own
    }


def _run(
    source: Source, chosen: Sequence[Block], sums: Sequence[_Sums], data: Sequence[Feeds], threads: int, step: Steps
) -> None:
    model = source()
    given = {tensor.name for tensor in model.graph.inputs}
    names = dict.fromkeys(tensor.name for block in chosen for tensor in (block.read, block.made))
    part = part_of(model, [name for name in names if name not in given], threads, len(data))
    read, calls = tee(data)
    for feeds, made in zip(read, step.each(part.each(calls)), strict=True):
        values = {**feeds, **made}
        for block, total in zip(chosen, sums, strict=True):
            total.update(values[block.read.name], values[block.made.name], block.axis)


def _bytes(block: Block, graph: gs.Graph, feeds: Feeds) -> int:
    """About what both tensors of a block take in one call; a length that no input has counts as one."""
    known: Mapping[object, int] = {
        size: feeds[tensor.name].shape[axis]
        for tensor in graph.inputs
        if tensor.name in feeds
        for axis, size in enumerate(tensor.shape or ())
    }
    lengths = (size if isinstance(size, int) else known.get(size, 1) for size in block.made.shape)
    return 2 * 4 * math.prod(lengths)
