"""Both models side by side: each layer is mended on what the mended ones before it hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from onnxprune.calibration import Layer
from onnxprune.graph import Parts
from onnxprune.progress import counted
from onnxprune.repair.edits import Edits
from onnxprune.repair.front import Front
from onnxprune.repair.observed import Observed, made_at, narrowed, rows_of, sampled
from onnxprune.repair.work import Narrow, Work

Array = np.ndarray
Mend = Callable[[Observed], tuple[Array | None, Array | None]]
"""The new weight of a layer, if any, and what its bias gains, if anything."""


def in_line(work: Work, mend: Mend, names: Sequence[str] | None = None, *, biased: bool = True) -> Edits:
    """Mend the first damaged layer and all after it, or those named, in the order of the graph.

    biased: every layer gets a bias where it has none, for `mend` to add to
    """
    names = work.dense.behind if names is None else list(names)
    line = _Line(work, work.narrow(names if biased else ()), names, mend)
    levels = list(_levels(line.narrow.layers, names))
    for number, level in enumerate(levels):
        work.progress(counted("repairing layer", number, len(levels)))
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


class _Line:
    """Both models, each run as far as the next layer to repair, the pruned one with the repairs so far."""

    def __init__(self, work: Work, narrow: Narrow, names: list[str], mend: Mend) -> None:
        self.work = work
        self.mend = mend
        self.narrow = narrow
        self.edits = Edits()
        self.seen = {name: Observed(narrow.layers[name]) for name in names}
        self.pruned = Parts(narrow.model)
        sources = dict.fromkeys(narrow.layers[name].data.name for name in names)
        self.before = Front(Parts(work.source()), names, work.data, work.threads)
        self.after = Front(self.pruned, sources, work.data, work.threads)

    def repair(self, level: list[str]) -> None:
        """Mend layers that read the same tensor."""
        data = self.after.advance(self.narrow.layers[level[0]].data.name)
        for name in level:
            self._observe(name, self.before.advance(name), data)
            self._mend(name)

    def _observe(self, name: str, made: list[Array], data: list[Array]) -> None:
        layer, calls = self.narrow.layers[name], min(len(made), len(data))
        axes, keep = self.work.dense.layers[name].binding.outputs[0], self.work.dense.keep
        for call in range(calls):
            wanted = narrowed(made[call], axes, keep)
            at = sampled(layer, wanted.shape, rows_of(layer, calls), call)
            self.seen[name].update(made_at(layer, wanted, at), wanted.shape, data[call], at)

    def _mend(self, name: str) -> None:
        seen, layer = self.seen.pop(name), self.narrow.layers[name]
        weight, shift = self.mend(seen)
        if weight is not None:
            self.pruned.store(seen.stored, weight)
        if shift is not None:
            place = self.narrow.places[name]
            raised = np.asarray(place.values, np.float64) + (shift / layer.beta).reshape(place.shape)
            self.pruned.store(place.name, raised.astype(place.dtype))
        self.work.note(self.edits, self.narrow, name, weight, shift)
