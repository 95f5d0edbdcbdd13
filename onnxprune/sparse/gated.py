"""Gated linear units: two layers on the same tensor, whose products unit by unit a third layer reads.

That is `down(act(gate(x)) * up(x))`, with two weights or one that is split, as Shazeer 2020, "GLU Variants Improve
Transformer", has it. Found in the graph; which output belongs to which unit, the coupling says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer
from onnxprune.calibration.part import part_of
from onnxprune.coupling.terms import Atom, leaves
from onnxprune.criteria.units import labels
from onnxprune.graph import Model
from onnxprune.progress import Progress, Steps
from onnxprune.runtime import Feeds

Array = np.ndarray

CUTTING = frozenset({"Split", "Slice", "Gather"})
"""Nodes behind which two halves of one layer's outputs count as two."""

FAR = 64
"""Nodes between the layers of a unit, at most."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One layer in front of a gate. down: the layer behind it; units: for every output the input of that layer, or one
    of them, that it has to do with"""

    down: Layer
    units: Array


def gates(layers: Mapping[str, Layer]) -> dict[str, Gate]:
    """The layers in front of gates, by name."""
    by_node = {id(layer.node): layer for layer in layers.values()}
    found: dict[str, Gate] = {}
    for down in layers.values():
        for layer in _before(down, by_node):
            units = _units(layer, down)
            if units is not None:
                found.setdefault(layer.name, Gate(down, units))
    return found


def _before(down: Layer, by_node: Mapping[int, Layer]) -> list[Layer]:
    """The layers whose outputs a product multiplies that a layer reads."""
    for node in _walk(down.data, by_node):
        if node.op != "Mul" or any(isinstance(tensor, gs.Constant) for tensor in node.inputs):
            continue
        sides = [_sources(tensor, by_node) for tensor in node.inputs]
        both = {id(layer.node): layer for side in sides for layer in side.values()}
        reads = {id(layer.data) for layer in both.values()}
        if all(sides) and not set(sides[0]) & set(sides[1]) and len(reads) == 1:
            return list(both.values())
    return []


def _walk(tensor: gs.Tensor, by_node: Mapping[int, Layer]) -> list[gs.Node]:
    """The nodes that a tensor is made by, nearest first, as far back as the next layers."""
    found: list[gs.Node] = []
    front = [tensor]
    while front and len(found) < FAR:
        node = next(iter(front.pop(0).inputs), None)
        if node is not None and id(node) not in by_node and all(node is not other for other in found):
            found.append(node)
            front += node.inputs
    return found


def _sources(tensor: gs.Tensor, by_node: Mapping[int, Layer]) -> dict[tuple[int, int], Layer]:
    """The layers that a tensor is made by, as far back as the next ones: (layer, the tensor that was cut out of what it
    makes, if any) by id()."""
    found: dict[tuple[int, int], Layer] = {}
    front: list[tuple[gs.Tensor, int]] = [(tensor, 0)]
    seen: set[tuple[int, int]] = set()
    while front and len(seen) < FAR:
        at, cut = front.pop()
        node = next(iter(at.inputs), None)
        if node is None or (id(at), cut) in seen:
            continue
        seen.add((id(at), cut))
        if id(node) in by_node:
            found[id(node), cut] = by_node[id(node)]
        else:
            front += [(before, id(at) if node.op in CUTTING else cut) for before in node.inputs]
    return found


def _units(layer: Layer, down: Layer) -> Array | None:
    """For every output an input of the layer behind that is the same unit; None where some output has none."""
    found = np.full(layer.made.size or 0, -1)
    for atom in {id(leaf): leaf for leaf in leaves(down.units) if isinstance(leaf, Atom)}.values():
        mine, theirs = labels(layer.made, atom), labels(down.units, atom)
        first = np.full(atom.size or 0, -1)
        first[theirs[theirs >= 0][::-1]] = np.flatnonzero(theirs >= 0)[::-1]
        found = np.where(mine >= 0, first[mine], found)
    return found if len(found) and (found >= 0).all() else None


def squares(
    source: Callable[[], Model], downs: Sequence[Layer], data: Sequence[Feeds], threads: int, progress: Progress
) -> dict[str, Array]:
    """The mean square of what layers read: the layer's name -> [units]. source: makes a fresh, normalised model"""
    names = list(dict.fromkeys(str(layer.data.name) for layer in downs))
    part = part_of(source(), names, threads, len(data))
    sums: dict[str, Array] = {}
    counts: dict[str, int] = {}
    for values in Steps(progress, "seeing what gates make", len(data)).each(part.each(data)):
        for layer in downs:
            rows = np.moveaxis(values[str(layer.data.name)], layer.axis, -1)
            rows = rows.reshape(-1, rows.shape[-1])
            total = np.einsum("ru,ru->u", rows, rows, dtype=np.float64)
            sums[layer.name] = sums.get(layer.name, 0) + total
            counts[layer.name] = counts.get(layer.name, 0) + len(rows)
    return {name: total / max(counts[name], 1) for name, total in sums.items()}
