"""What a repair works on: a model, what stays of it, and data to run both on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import analyze
from onnxprune.coupling.masks import Keep
from onnxprune.graph import Model
from onnxprune.progress import Progress, silent
from onnxprune.repair.edits import Edits
from onnxprune.rewrite import keep_of, shrink
from onnxprune.rewrite.axes import losing
from onnxprune.runtime import Feeds

Array = np.ndarray


@dataclass(frozen=True)
class Work:
    """source: makes a fresh, normalised model; masks: group id -> units that stay, as `Keep` takes them; data: calls of
    the model

    damping: what least squares add to the variances, as a fraction of their mean; threads: 0 for all cores; warn:
    takes a sentence for the user
    """

    source: Callable[[], Model]
    masks: Mapping[str, Array]
    data: Sequence[Feeds]
    damping: float = 0.01
    threads: int = 0
    progress: Progress = silent
    warn: Callable[[str], None] = silent

    @cached_property
    def dense(self) -> Dense:
        """The dense model, and which of its layers lose units."""
        model = self.source()
        analysis = analyze(model.graph, model.opsets)
        keep = keep_of(analysis, self.masks)
        found = layers(analysis)
        damaged = [layer.name for layer in found if losing(layer.binding, keep)]
        weights = {layer.name: np.asarray(layer.stored.values) for layer in found}
        return Dense(model, keep, {layer.name: layer for layer in found}, damaged, weights)

    def narrow(self, biased: Sequence[str] = ()) -> Narrow:
        """The pruned model before any repair; the layers named get a bias of zeros where they have none."""
        model = self.source()
        edits = Edits(biases={name: np.zeros(self.dense.layers[name].made.size or 0) for name in biased})
        analysis, places = edits.place(model)
        keep = keep_of(analysis, self.masks)
        changed = shrink(model, analysis, keep)
        found = dict(zip(self.dense.layers, layers(analysis), strict=True))  # an output's product has another name now
        return Narrow(model, keep, changed, found, places)

    def note(self, edits: Edits, narrow: Narrow, name: str, weight: Array | None, shift: Array | None) -> None:
        """Write down what a narrow layer got: a new weight, if any, as stored, and what its bias gains, if anything."""
        layer = narrow.layers[name]
        if weight is not None:
            stored = layer.stored.name
            edits.weights[stored] = narrow.spread(stored, weight, self.dense.weights[name])
        if shift is not None:
            edits.add(name, narrow.scatter(layer, shift))


@dataclass(slots=True)
class Dense:
    """The dense model; layers: by name, in graph order; damaged: those that lose units; weights: as stored, by layer"""

    model: Model
    keep: Keep
    layers: dict[str, Layer]
    damaged: list[str]
    weights: dict[str, Array]

    @property
    def behind(self) -> list[str]:
        """The first damaged layer and all after it."""
        return self.from_first(self.damaged)

    def from_first(self, some: Iterable[str]) -> list[str]:
        """The first of some layers and all after it."""
        names, among = list(self.layers), set(some)
        return names[next((k for k, name in enumerate(names) if name in among), len(names)) :]


@dataclass(slots=True)
class Narrow:
    """A pruned model.

    changed: stored tensor -> axis -> kept indices; layers: its linear layers, by the names that they have in the dense
    model; places: the stored tensor that holds the bias of a layer
    """

    model: Model
    keep: Keep
    changed: dict[str, dict[int, Array]]
    layers: dict[str, Layer]
    places: dict[str, gs.Constant]

    def spread(self, name: str, weight: Array, dense: Array) -> Array:
        """A narrow stored tensor in the places of the dense one that it was cut out of."""
        values = np.array(dense)
        axes = self.changed.get(name, {})
        index = [axes.get(axis, np.arange(size)) for axis, size in enumerate(values.shape)]
        values[np.ix_(*index)] = weight
        return values

    def scatter(self, layer: Layer, vector: Array) -> Array:
        """A vector over a layer's outputs, zero where those are gone."""
        values = np.zeros(len(self.keep.mask(layer.made)))
        values[self.keep.indices(layer.made)] = vector
        return values
