"""Which stored tensors are learned, and which are part of the computation: constants, tables, masks.

ONNX doesn't tell them apart. What counts is where a tensor ends up, through nodes that only arrange it anew: in a place
that takes weights (of a convolution, a product, a normalisation), or as what is added to or multiplied with something
computed, where a single number, a mask (huge or infinite) or a table that several axes are multiplied with (rotary
angles) is a constant of the architecture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.lift.dtypes import FLOATS, LIMITS, name_of
from onnxprune.lift.operator import find

HUGE = 1e4
"""Learned numbers are smaller; masks are made of larger ones."""

_SUMS = ("Add", "Sub", "Sum")
_PRODUCTS = ("Mul", "Div")
_MIXING = ("Concat", "Gather", "GatherND")
"""What they make of stored and computed tensors is an activation."""

_ROUNDS = ("Loop", "Scan")
"""Their bodies read what they read, in the same places."""


def is_learned(tensor: gs.Constant, opsets: dict[str, int]) -> bool:
    """Whether training may change a stored tensor."""
    name = name_of(tensor)
    if name not in FLOATS and name not in LIMITS:
        return False
    roles = list(_roles(tensor, opsets, set()))
    if name in LIMITS:
        return bool(roles) and all(place == "weight" for place in roles)
    if not roles or not all(_learns(role, tensor) for role in roles):
        return False
    values = np.asarray(tensor.values)
    return bool(np.isfinite(values).all() and (np.abs(values) < HUGE).all())


def _learns(role: str, tensor: gs.Constant) -> bool:
    """Whether a tensor in that role is learned."""
    sizes = [size for size in tensor.shape if size != 1]
    return role == "weight" or (role == "term" and bool(sizes)) or (role == "factor" and len(sizes) == 1)


def _roles(tensor: gs.Tensor, opsets: dict[str, int], seen: set[int]) -> Iterator[str]:
    """What a tensor is to those who read it: weight, term, factor or other."""
    if id(tensor) in seen:
        return
    seen.add(id(tensor))
    for node in tensor.outputs:
        places = [place for place, operand in enumerate(node.inputs) if operand is tensor]
        for place in places:
            yield from _role(node, place, opsets, seen)


def _role(node: gs.Node, place: int, opsets: dict[str, int], seen: set[int]) -> Iterator[str]:
    operator = find(node.domain or "", node.op, opsets.get(node.domain or "", opsets.get("", 1)))
    if operator is None or place in operator.host:
        yield "other"
    elif place in operator.weights:
        yield "weight"
    elif node.op in _ROUNDS:
        yield from _roles(node.attrs["body"].inputs[place], opsets, seen)
    elif operator.view:
        yield from _beyond(node, place, opsets, seen)
    elif node.op in _SUMS:
        yield "term"
    elif node.op in _PRODUCTS:
        other = node.inputs[1 - place]
        scaled = isinstance(other, gs.Constant) and other.values.size == 1
        yield from _roles(node.outputs[0], opsets, seen) if scaled else ("factor",)
    else:
        yield "other"


def _beyond(node: gs.Node, place: int, opsets: dict[str, int], seen: set[int]) -> Iterator[str]:
    """What becomes of it behind a node that arranges it anew.

    Rows that are picked out of a table, or joined to what is computed, are activations: learned, unless all that
    becomes of them is a factor, as of rotary angles.
    """
    found = [role for output in node.outputs for role in _roles(output, opsets, seen)]
    if node.op in _MIXING and any(not isinstance(t, gs.Constant) for t in node.inputs):
        yield "weight" if set(found) - {"factor"} else "other"
    else:
        yield from found
