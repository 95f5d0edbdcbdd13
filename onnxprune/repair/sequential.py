"""Layer after layer: each is refitted on what the repaired ones before it hand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from onnxprune.calibration import Layer, Part
from onnxprune.graph import Parts
from onnxprune.repair.edits import Edits
from onnxprune.repair.front import Front
from onnxprune.repair.observed import Observed, made_at, narrowed, rows_of, sampled
from onnxprune.repair.registry import repair
from onnxprune.repair.solve import refit
from onnxprune.repair.work import Narrow, Work

Array = np.ndarray

BYTES = 2**28
"""Of dense outputs that are remembered at the same time."""


@repair("sequential")
def sequential(work: Work) -> Edits:
    """Least squares layer after layer, each on what the repaired ones before it hand on (He et al. 2017).

    Layers that lost nothing are refitted too: they make up for what went wrong before them.
    """
    names = work.dense.behind
    line = _Line(work, work.narrow(names), names)
    levels = list(_levels(line.narrow.layers, names))
    for number, level in enumerate(levels):
        work.progress(f"repairing layer {number + 1} of {len(levels)}")
        line.repair(level)
    return line.edits


def _levels(layers: dict[str, Layer], names: Sequence[str]) -> Iterator[list[str]]:
    """Neighbours that read the same tensor stand side by side: none reads what another makes."""
    level: list[str] = []
    for name in names:
        if level and layers[name].data is not layers[level[0]].data:
            yield level
            level = []
        level.append(name)
    if level:
        yield level


@dataclass(slots=True)
class _Dense:
    """What a dense layer makes at some positions of every call: shapes and positions, and outputs there."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    positions: list[Array] = field(default_factory=list)
    rows: list[Array] = field(default_factory=list)


class _Line:
    """Both models, the pruned one with the repairs so far."""

    def __init__(self, work: Work, narrow: Narrow, names: list[str]) -> None:
        self.work = work
        self.narrow = narrow
        self.edits = Edits()
        self.waiting = names
        self.seen = {name: Observed(narrow.layers[name]) for name in names}
        self.dense, self.pruned = Parts(work.source()), Parts(narrow.model)
        sources = dict.fromkeys(narrow.layers[name].data.name for name in names)
        self.front = Front(self.pruned, sources, work.data, work.threads)
        self.known: dict[str, _Dense] = {}

    def repair(self, level: list[str]) -> None:
        """Refit layers that read the same tensor."""
        self._remember(level)
        self._observe(level)
        for name in level:
            seen, layer = self.seen.pop(name), self.narrow.layers[name]
            weight, shift = refit(seen, self.work.damping)
            stored = layer.like_stored(weight)
            place = self.narrow.places[name]
            raised = np.asarray(place.values, np.float64) + (shift / layer.beta).reshape(place.shape)
            self.pruned.store(seen.stored, stored)
            self.pruned.store(place.name, raised.astype(place.dtype))
            self.edits.weights[seen.stored] = self.narrow.spread(seen.stored, stored, self.work.dense.weights[name])
            self.edits.add(name, self.narrow.scatter(layer, shift))
            del self.known[name]

    def _observe(self, level: list[str]) -> None:
        for call, data in enumerate(self.front.advance(self.narrow.layers[level[0]].data.name)):
            for name in level:
                known = self.known[name]
                self.seen[name].update(known.rows[call], known.shapes[call], data, known.positions[call])

    def _remember(self, level: list[str]) -> None:
        """Run the dense model, if need be, for as many of the next layers as fit into memory."""
        if level[0] in self.known:
            return
        names = list(self._portion(level))
        self.waiting = self.waiting[len(names) :]
        run = Part(self.dense.part(names), self.work.threads)
        self.known = {name: _Dense() for name in names}
        for call, feeds in enumerate(self.front.calls):
            for name, values in run(feeds).items():
                self._note(name, values, call)

    def _note(self, name: str, values: Array, call: int) -> None:
        layer, known = self.narrow.layers[name], self.known[name]
        made = narrowed(values, self.work.dense.layers[name].binding.outputs[0], self.work.dense.keep)
        at = sampled(layer, made.shape, rows_of(layer, len(self.front.calls)), call)
        known.shapes.append(made.shape)
        known.positions.append(at)
        known.rows.append(made_at(layer, made, at))

    def _portion(self, level: list[str]) -> Iterator[str]:
        total = 0
        for number, name in enumerate(self.waiting):
            layer = self.narrow.layers[name]
            total += 4 * rows_of(layer, 1) * (layer.weight().shape[0] * layer.weight().shape[1])
            if number >= len(level) and total > BYTES:
                return
            yield name
