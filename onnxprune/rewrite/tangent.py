"""From gradients by what a gated model is fed to gradients by the gates themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from onnxprune.coupling.masks import Gates
from onnxprune.rewrite.gates import GatedModel

Array = np.ndarray

STEP = 1 / 64
"""How far a gate is moved, up and down. What is fed is products of gates, for which that is exact, or the reciprocal of
a mean of them."""


@dataclass(frozen=True, slots=True)
class Tangent:
    """What every entry that is fed gains per unit of a gate, where all gates are 1. found: group id -> input ->
    [units, entries]; sizes: units by group id"""

    found: Mapping[str, Mapping[str, sparse.csr_matrix]]
    sizes: Mapping[str, int]

    def pull(self, gradients: Mapping[str, Array]) -> dict[str, Array]:
        """Group id -> gradient by its gate [units]. gradients: by the inputs; what isn't among them counts as zero"""
        made = {}
        for group, inputs in self.found.items():
            total = np.zeros(self.sizes[group])
            for name, moved in inputs.items():
                if name in gradients:
                    total += moved @ np.asarray(gradients[name], np.float64).ravel()
            made[group] = total
        return made


def tangent(gated: GatedModel) -> Tangent:
    """How what a gated model is fed moves with its gates."""
    whole = {atom: np.ones(atom.size or 0) for atom in gated.atoms.values()}
    found: dict[str, dict[str, sparse.csr_matrix]] = {}
    for group, atom in gated.atoms.items():
        half = Gates(whole | {atom: np.full(atom.size or 0, 0.5)})
        concerned = [name for name, feed in gated.exact.items() if not np.array_equal(feed(half), feed(Gates(whole)))]
        found[group] = {name: _moved(gated, name, whole, group) for name in concerned}
    return Tangent(found, gated.sizes)


def _moved(gated: GatedModel, name: str, whole: Mapping, group: str) -> sparse.csr_matrix:  # type: ignore[type-arg]
    atom, feed = gated.atoms[group], gated.exact[name]
    rows = []
    for unit in range(atom.size or 0):
        ends = []
        for side in (STEP, -STEP):
            gate = np.ones(atom.size or 0)
            gate[unit] += side
            ends.append(np.asarray(feed(Gates({**whole, atom: gate})), np.float64).ravel())
        rows.append(sparse.csr_matrix((ends[0] - ends[1]) / (2 * STEP)))
    return sparse.vstack(rows, format="csr")
