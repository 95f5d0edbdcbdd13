"""A quantised network without the rounding: what goes through a quantiser and back is clipped to its range instead.

Between the steps of a quantiser lies everything that a wrong mask of a small unit does, and two right evaluations of a
function that differ in their last bit end up a step apart. Clipped instead of rounded, both models compute what they
computed, as precisely as floats can be compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.errors import InputError
from onnxprune.graph.edit import attach, detach

TYPES = frozenset((np.dtype(np.uint8), np.dtype(np.int8), np.dtype(np.uint16), np.dtype(np.int16)))


def roundings(graph: gs.Graph) -> frozenset[str]:
    """Names of what is dequantised right behind its quantiser, by one stored scale for the whole tensor."""
    return frozenset(node.outputs[0].name for node, quantiser in _pairs(graph) if _is_float(quantiser.inputs[0]))


def unquantise(graph: gs.Graph, names: Collection[str], opset: int) -> None:
    """Make the tensors of those names clips of what was quantised, in place. Raises InputError where one can't be."""
    found = {node.outputs[0].name: (node, quantiser) for node, quantiser in _pairs(graph)}
    for name in sorted(names):
        if name not in found:
            raise InputError(f"'{name}' is no quantised tensor with a stored scale")
        _clip(*found[name], opset)


def _pairs(graph: gs.Graph) -> Iterator[tuple[gs.Node, gs.Node]]:
    """(DequantizeLinear, QuantizeLinear in front of it), for computed tensors."""
    for node in graph.nodes:
        if node.op != "DequantizeLinear" or not node.inputs[0].inputs:
            continue
        quantiser = node.inputs[0].inputs[0]
        if quantiser.op == "QuantizeLinear" and _is_plain(node) and _is_plain(quantiser):
            yield node, quantiser


def _is_float(tensor: gs.Tensor) -> bool:
    return not isinstance(tensor, gs.Constant) and tensor.dtype == np.float32


def _is_plain(node: gs.Node) -> bool:
    """Whether one stored scale, and zero point if any, hold for the whole tensor."""
    parameters = [t for t in node.inputs[1:] if not t.is_empty()]
    stored = all(isinstance(t, gs.Constant) and t.values.size == 1 for t in parameters)
    return stored and "output_dtype" not in node.attrs and _zero(node).dtype in TYPES


def _zero(node: gs.Node) -> np.ndarray:
    """The number that stands for zero, in the type that is quantised to."""
    given = len(node.inputs) > 2 and not node.inputs[2].is_empty()
    return np.ravel(node.inputs[2].values) if given else np.zeros(1, np.uint8)


def _clip(node: gs.Node, quantiser: gs.Node, opset: int) -> None:
    scale = float(np.ravel(node.inputs[1].values)[0])
    zero = _zero(node)
    limits = np.iinfo(zero.dtype)
    bounds = [np.array((limit - int(zero[0])) * scale, np.float32) for limit in (limits.min, limits.max)]
    detach(node)
    node.op, node.attrs = "Clip", {}
    if opset < 11:
        node.attrs = {"min": float(bounds[0]), "max": float(bounds[1])}
    made = node.outputs[0].name
    stored = [gs.Constant(f"{made}/{side}", bound) for side, bound in zip(("least", "most"), bounds, strict=True)]
    attach([(node, [quantiser.inputs[0], *(stored if opset > 10 else ())])])
