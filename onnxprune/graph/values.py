"""Partial evaluation of shape arithmetic: integers, symbols and unknowns that flow from Shape to Reshape.

Values are object arrays. An element is a number, a string (an open dimension of that name, so not negative) or None
(unknown). Arithmetic is done in the tensors' own precision, for a length may be the floor of a float.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import onnx_graphsurgeon as gs

MAX_ELEMENTS = 256

Values = np.ndarray
Made = Values | Sequence[Values] | None


class Unknown(Exception):  # a verdict, not an error
    """Nothing can be said of a node's outputs."""


def known(values: Values | None) -> bool:
    """Whether every element is a number."""
    return values is not None and all(isinstance(v, (int, float)) for v in values.ravel().tolist())


class Evaluator:
    """Evaluates nodes in order; remembers what it found by tensor."""

    def __init__(self) -> None:
        self.found: dict[int, Values] = {}

    def find(self, tensor: gs.Tensor) -> Values | None:
        """What is known of a tensor's elements, or None."""
        if isinstance(tensor, gs.Constant):
            small = math.prod(tensor.shape) <= MAX_ELEMENTS and tensor.dtype.kind in "iufb"
            return tensor.values.astype(object) if small else None
        return self.found.get(id(tensor))

    def visit(self, node: gs.Node) -> None:
        """Evaluate one node where its inputs allow it."""
        handler = _HANDLERS.get(node.op)
        if handler is None or node.domain not in (None, "", "ai.onnx"):
            return
        try:
            with np.errstate(all="ignore"):
                made = handler(View(self, node))
        except (
            Unknown,
            IndexError,
            KeyError,
            ValueError,
            TypeError,
            ZeroDivisionError,
            OverflowError,
            MemoryError,
        ):
            return
        for tensor, values in zip(node.outputs, [made] if isinstance(made, np.ndarray) else made or (), strict=False):
            if values.size <= MAX_ELEMENTS and not tensor.is_empty():
                self.found[id(tensor)] = fit(values, tensor.dtype)


class View:
    """A node as its handler sees it. What isn't there or isn't known raises Unknown."""

    def __init__(self, evaluator: Evaluator, node: gs.Node) -> None:
        self.node = node
        self._find = evaluator.find

    def given(self, i: int) -> bool:
        """Whether the optional input `i` is connected."""
        return i < len(self.node.inputs) and not self.node.inputs[i].is_empty()

    def values(self, i: int) -> Values:
        """What is known of input `i`."""
        values = self._find(self.node.inputs[i])
        if values is None:
            raise Unknown
        return values

    def numbers(self, i: int) -> Values:
        """Input `i`, where all of it is known."""
        values = self.values(i)
        if not known(values):
            raise Unknown
        return values

    def ints(self, i: int, attr: str | None = None) -> list[int] | None:
        """Integers that newer opsets pass as input `i` and older ones as attribute; None if absent."""
        if self.given(i):
            return [int(v) for v in self.numbers(i).ravel()]
        given = self.node.attrs.get(attr)
        return None if given is None else [int(v) for v in given]

    def shape(self, i: int = 0) -> list[int | str | None]:
        """The shape of input `i`."""
        shape = self.node.inputs[i].shape
        if shape is None:
            raise Unknown
        return list(shape)

    def attr(self, name: str, default: int) -> int:
        """An integer attribute."""
        return int(self.node.attrs.get(name, default))


Handler = Callable[[View], Made]

_HANDLERS: dict[str, Handler] = {}


def evaluates(*ops: str) -> Callable[[Handler], Handler]:
    """Register the handler of `ops`."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(ops, handler))
        return handler

    return register


def vector(elements: Sequence[object]) -> Values:
    """A list as Values."""
    made = np.empty(len(elements), object)
    made[:] = elements
    return made


def scalar(element: object) -> Values:
    """One element as Values of rank 0."""
    made = np.empty((), object)
    made[()] = element
    return made


def fit(values: Values, dtype: object) -> Values:
    """Elements as a tensor of that type holds them; what it can't hold is unknown."""
    kind = None if dtype is None else np.dtype(dtype)  # type: ignore[call-overload]
    made = np.empty(values.shape, object)
    made.reshape(-1)[:] = [_element(v, kind) for v in values.ravel().tolist()]
    return made


def _element(value: object, dtype: np.dtype | None) -> object:
    if dtype is None or not isinstance(value, (int, float)):
        return value if dtype is None or dtype.kind in "iuf" else None
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "f":
        with np.errstate(all="ignore"):
            return float(dtype.type(value))
    if dtype.kind not in "iu" or value != value or abs(value) == float("inf"):
        return None
    limits = np.iinfo(dtype)
    return int(value) if limits.min <= int(value) <= limits.max else None
