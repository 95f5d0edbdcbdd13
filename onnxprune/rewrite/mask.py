"""The masked dense model: every pruned unit is multiplied by zero where an op sums over it.

This is the reference of the oracle. It changes no weight and no shape: a Mul goes in front of each operand whose axis
is contracted and loses units. Normalised axes are not expressible so; see `onnxprune.runtime.verify`.
"""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.notation import letters
from onnxprune.errors import InputError


def mask_consumers(analysis: Analysis, keep: Keep) -> int:
    """Insert the masks into the analysed graph, in place. Returns how many were inserted.

    The graph is no longer fit for shrinking afterwards.
    """
    inserted = 0
    homes = _homes(analysis.graph)
    for binding in analysis.bindings:
        for i, axis in _summed(binding, keep):
            inserted += _insert(homes[id(binding.node)], binding, i, axis, keep)
    return inserted


def _homes(graph: gs.Graph) -> dict[int, gs.Graph]:
    homes = {id(node): graph for node in graph.nodes}
    for node in graph.nodes:
        for value in node.attrs.values():
            if isinstance(value, gs.Graph):
                homes.update(_homes(value))
    return homes


def _summed(binding: Binding, keep: Keep) -> list[tuple[int, int]]:
    """(input, axis) pairs that together hold every contracted letter that loses units, computed operands first."""
    losing = {name for name in binding.vanishing if keep.touches(binding.env[name])}
    found: list[tuple[int, int]] = []
    order = sorted(range(len(binding.inputs)), key=lambda i: isinstance(binding.node.inputs[i], gs.Constant))
    for i in order:
        for axis, names in _axis_letters(binding, i):
            if losing & names and (binding.inputs[i] or ())[axis].size is not None:
                found.append((i, axis))
                losing -= names
    if losing:
        raise InputError(f"{binding.node.op} '{binding.node.name}' sums over an axis whose length is open")
    return found


def _axis_letters(binding: Binding, i: int) -> list[tuple[int, set[str]]]:
    """The letters of each single axis of an operand, by the axis's position."""
    operand = binding.spec.pattern.inputs[i]
    axes = binding.inputs[i]
    if operand is None or axes is None:
        return []
    spare = len(axes) - sum(1 for a in operand if type(a).__name__ != "Run")
    found: list[tuple[int, set[str]]] = []
    at = 0
    for axis in operand:
        if type(axis).__name__ == "Run":
            at += spare
            spare = 0
        else:
            found.append((at, set(letters(axis))))
            at += 1
    return found


def _insert(graph: gs.Graph, binding: Binding, i: int, axis: int, keep: Keep) -> int:
    node, source = binding.node, binding.node.inputs[i]
    axes = binding.inputs[i] or ()
    dtype = np.dtype(source.dtype)
    if dtype.kind not in "fV":
        return 0
    shape = [1] * len(axes)
    shape[axis] = -1
    name = f"{node.name or node.outputs[0].name}/mask{i}.{axis}"
    mask = gs.Constant(f"{name}/keep", keep.mask(axes[axis]).astype(dtype).reshape(shape))
    masked = gs.Variable(name, dtype, list(source.shape))
    at = next(k for k, n in enumerate(graph.nodes) if n is node)
    graph.nodes.insert(at, gs.Node("Mul", name, {}, [source, mask], [masked]))
    node.inputs[i] = masked
    return 1
