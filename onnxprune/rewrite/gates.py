"""The gated model: the dense one with a factor for every unit, so that prunings are tried by feeding other gates.

A gate multiplies units where they are consumed, as masks do (`onnxprune.rewrite.mask`), so gates of 0 and 1 make of it
what the masked model is, and what the pruned one is before any repair. Between 0 and 1 a unit counts in part: its
values are multiplied, and in a mean over what stays it has that weight. Whole numbers (of quantised layers), maxima and
minima can't count in part: there a unit is gone below one half. An infinite value is not silenced by a factor of 0.

A group with a consumer that has no masked form (a sum over a length that is open, say) has no gate at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from onnxprune.calibration import Opened, Part
from onnxprune.coupling import analyze
from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.masks import Gates
from onnxprune.coupling.terms import Atom
from onnxprune.graph import Model, add_inputs, finish, save
from onnxprune.graph.naming import Names
from onnxprune.rewrite.mask import consumed, consuming, cover
from onnxprune.rewrite.nodes import Nodes, Unmaskable, splice
from onnxprune.rewrite.veil import Feed, GateVeil, Values

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class GatedModel:
    """model: with one more input for every combination of axes that is gated; atoms: group id -> what has a gate;
    inputs: what these are fed under some gates"""

    model: Model
    atoms: Mapping[str, Atom]
    inputs: Mapping[str, Feed]

    @property
    def exact(self) -> dict[str, Values]:
        """What the further inputs that are floats are fed, not rounded to their types."""
        return {name: feed.values for name, feed in self.inputs.items() if feed.kind.kind != "b"}

    @property
    def sizes(self) -> dict[str, int]:
        """Units by group id."""
        return {name: atom.size or 0 for name, atom in self.atoms.items()}

    def feeds(self, gates: Mapping[str, Array]) -> dict[str, Array]:
        """What the further inputs are fed. gates: group id -> [units], those of others are 1. Ids without are left
        out."""
        return _fed(self.atoms, self.inputs, gates)


def _fed(atoms: Mapping[str, Atom], inputs: Mapping[str, Feed], gates: Mapping[str, Array]) -> dict[str, Array]:
    whole = {atom: np.ones(atom.size or 0) for atom in atoms.values()}
    given = {atoms[name]: np.asarray(gate, float) for name, gate in gates.items() if name in atoms}
    found = Gates(whole | given)
    return {name: feed(found) for name, feed in inputs.items()}


def gated(source: Callable[[], Model], groups: Collection[str]) -> GatedModel:
    """Gate groups of a model, by id. source: makes a fresh, normalised model."""
    left = list(groups)
    while True:
        model = source()
        analysis = analyze(model.graph, model.opsets)
        atoms = {g.id: g.atom for g in analysis.groups if g.id in left}
        veil = GateVeil(model.graph, atoms, Names(model))
        lost = _cover(analysis, veil)
        if not lost:
            add_inputs(model, veil.inputs)
            return GatedModel(model, atoms, veil.feeds)
        left = [name for name, atom in atoms.items() if atom not in lost]


def open_gated(source: Callable[[], Model], groups: Collection[str], threads: int = 0, calls: int = 1) -> Opened:
    """A session of a gated model, which trials are made with; threads, calls: see `onnxprune.calibration.Part`."""
    found = gated(source, groups)
    feeds, sizes = partial(_fed, found.atoms, found.inputs), found.sizes  # without the model
    with tempfile.TemporaryDirectory(prefix="onnxprune-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "gated.onnx"
        save(finish(found.model), path)
        return Opened(Part(path, threads, calls), feeds, sizes)


def _cover(analysis: Analysis, veil: GateVeil) -> set[Atom]:
    """Gate all consumers, in place. Returns the atoms that a consumer without a masked form has; the graph is then
    of no use."""
    around: dict[int, Nodes] = {}
    lost: set[Atom] = set()
    for binding in list(consuming(analysis, veil.keep)):
        groups = consumed(binding, veil.keep)
        try:
            around[id(binding.node)] = cover(binding, veil, analysis.graph.opset)
        except Unmaskable:
            lost |= groups
    splice(analysis.graph, around)
    return lost
