"""What methods ask of the dense model besides what layers read, in the shapes of the pruned one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from onnxprune.calibration.portions import portions
from onnxprune.repair import Work
from onnxprune.repair.work import Narrow
from onnxprune.sparse.fisher import Gradients, Tiles, information
from onnxprune.sparse.gated import Gate, gates, squares
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.registry import Sparsifier
from onnxprune.sparse.task import Known

Array = np.ndarray

BYTES = 2**30
"""Of Fisher information that is held at once: the data are gone through once for every so many."""


@dataclass
class Insight:
    """Of layers by name, found out when it is first asked for.

    wanted: layer -> its pattern, and the method that asks; slopes: gradients by stored tensors, None where nobody can
    make any
    """

    work: Work
    wanted: Mapping[str, tuple[Pattern, Sparsifier]]
    slopes: Gradients | None = None

    def __post_init__(self) -> None:
        self._held: dict[str, Array] = {}

    def __call__(self, name: str) -> Known:
        """What is known of one layer."""
        method = self.wanted[name][1]
        fisher = self._fisher(name) if method.gradients and self.slopes is not None else None
        return Known(fisher, self._behind(name) if method.gates else None)

    # -------------------------------------------------------------------------------------------------- gradients

    def _fisher(self, name: str) -> Array | None:
        portion = next(names for names in self._portions if name in names)
        if name not in self._held and portion[0] != self._portion:
            assert self.slopes is not None
            self._held, self._portion = {}, portion[0]
            stored = {one: self._narrow.layers[one].stored.name for one in portion}
            samples = self.slopes(list(stored.values()))
            cuts = {stored[one]: self._cut(one) for one in portion}
            found = information(samples, cuts)
            self._held = {one: found[stored[one]] for one in portion if stored[one] in found}
        return self._held.get(name)

    _portion = ""

    @cached_property
    def _portions(self) -> list[list[str]]:
        asking = [name for name, (_, method) in self.wanted.items() if method.gradients]
        sizes = {name: Tiles.of(self.wanted[name][0]).size for name in asking}
        held = {name: 4 * int(self._narrow.layers[name].stored.values.size) * sizes[name] for name in asking}
        return list(portions(held, BYTES))

    @cached_property
    def _narrow(self) -> Narrow:
        return self.work.narrow()

    def _cut(self, name: str) -> Callable[[Array], Array]:
        """From a gradient as the dense model has it to tiles of what is left."""
        layer, narrow = self._narrow.layers[name], self._narrow
        axes, tiles = narrow.changed.get(layer.stored.name, {}), Tiles.of(self.wanted[name][0])

        def cut(gradient: Array) -> Array:
            index = [axes.get(axis, np.arange(size)) for axis, size in enumerate(gradient.shape)]
            weight = layer.form.read(gradient[np.ix_(*index)], layer.groups)[0] / np.float32(layer.scale)
            return tiles.cut(weight.reshape(len(weight), -1))

        return cut

    # ------------------------------------------------------------------------------------------------------ gates

    def _behind(self, name: str) -> Array | None:
        gate = self._gates.get(name)
        if gate is None:
            return None
        made = self.work.dense.layers[name].made
        return np.asarray(self._squares[gate.down.name][gate.units][self.work.dense.keep.indices(made)])

    @cached_property
    def _gates(self) -> dict[str, Gate]:
        return gates(self.work.dense.layers)

    @cached_property
    def _squares(self) -> dict[str, Array]:
        work, asking = self.work, {name for name, (_, method) in self.wanted.items() if method.gates}
        downs = {gate.down.name: gate.down for name, gate in self._gates.items() if name in asking}
        return squares(work.source, list(downs.values()), work.data, work.threads, work.progress)
