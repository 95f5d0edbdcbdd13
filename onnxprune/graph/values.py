"""Partial evaluation of shape arithmetic: integers, symbols and unknowns that flow from Shape to Reshape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_graphsurgeon as gs

MAX_ELEMENTS = 256

Values = np.ndarray
"""Rank 0 or 1, dtype object: numbers, strings (an open dimension of that name) or None (unknown)."""


def known(values: Values | None) -> bool:
    """Whether every element is a number."""
    return values is not None and all(isinstance(v, (int, float, bool)) for v in values.ravel().tolist())


class Evaluator:
    """Evaluates nodes in order; remembers what it found by tensor."""

    def __init__(self) -> None:
        self.found: dict[int, Values] = {}

    def get(self, tensor: gs.Tensor) -> Values | None:
        """What is known of a tensor's elements, or None."""
        if isinstance(tensor, gs.Constant):
            values = tensor.values
            return values.astype(object) if values.size <= MAX_ELEMENTS and values.ndim <= 1 else None
        return self.found.get(id(tensor))

    def visit(self, node: gs.Node) -> None:
        """Evaluate one node where its inputs allow it."""
        handler = _HANDLERS.get(node.op)
        if handler is None or node.domain not in (None, "", "ai.onnx") or not node.outputs:
            return
        try:
            result = handler(self, node)
        except (IndexError, ValueError, TypeError, ZeroDivisionError, OverflowError):
            return
        if result is not None and result.size <= MAX_ELEMENTS and result.ndim <= 1:
            self.found[id(node.outputs[0])] = result


Handler = Callable[[Evaluator, gs.Node], Values | None]


def _vector(values: list[object]) -> Values:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def _scalar(value: object) -> Values:
    made = np.empty((), object)
    made[()] = value
    return made


def _shape(_: Evaluator, node: gs.Node) -> Values | None:
    shape = node.inputs[0].shape
    if shape is None:
        return None
    window = slice(node.attrs.get("start", 0), node.attrs.get("end", None))
    return _vector(list(shape)[window])


def _size(_: Evaluator, node: gs.Node) -> Values | None:
    shape = node.inputs[0].shape
    if shape is None or not all(isinstance(d, int) for d in shape):
        return None
    return _scalar(int(np.prod(shape)))


def _gather(ev: Evaluator, node: gs.Node) -> Values | None:
    data, index = ev.get(node.inputs[0]), ev.get(node.inputs[1])
    if data is None or data.ndim != 1 or not known(index) or index is None:
        return None
    picked = data[index.astype(np.int64)]
    return picked if isinstance(picked, np.ndarray) else _scalar(picked)


def _slice(ev: Evaluator, node: gs.Node) -> Values | None:
    data = ev.get(node.inputs[0])
    bounds = [ev.get(t) for t in node.inputs[1:] if not t.is_empty()]
    if data is None or data.ndim != 1 or not all(known(b) for b in bounds):
        return None
    if len(node.inputs) == 1:
        return data[node.attrs["starts"][0] : node.attrs["ends"][0]]
    ints = [int(b.ravel()[0]) for b in bounds if b is not None]
    return data[ints[0] : ints[1] : ints[3] if len(ints) > 3 else 1]


def _concat(ev: Evaluator, node: gs.Node) -> Values | None:
    parts = [_part(ev, t) for t in node.inputs]
    if any(p is None for p in parts):
        return None
    return np.concatenate([p for p in parts if p is not None])


def _part(ev: Evaluator, tensor: gs.Tensor) -> Values | None:
    """What goes into a Concat; a vector of known length whose elements are not known still counts."""
    values = ev.get(tensor)
    if values is not None:
        return values
    if tensor.shape is not None and len(tensor.shape) == 1 and isinstance(tensor.shape[0], int):
        return _vector([None] * min(tensor.shape[0], MAX_ELEMENTS))
    return None


def _flat(ev: Evaluator, node: gs.Node) -> Values | None:
    values = ev.get(node.inputs[0])
    return None if values is None else values.reshape(-1)


def _squeeze(ev: Evaluator, node: gs.Node) -> Values | None:
    values = ev.get(node.inputs[0])
    return values.reshape(()) if values is not None and values.size == 1 else None


def _unsqueeze(ev: Evaluator, node: gs.Node) -> Values | None:
    values = ev.get(node.inputs[0])
    return values.reshape(1) if values is not None and values.ndim == 0 else None


def _same(ev: Evaluator, node: gs.Node) -> Values | None:
    return ev.get(node.inputs[0])


def _cast(ev: Evaluator, node: gs.Node) -> Values | None:
    values = ev.get(node.inputs[0])
    if values is None or not known(values):
        return values
    to_float = node.attrs.get("to") in (1, 10, 11, 16, np.float32, np.float64, np.float16)
    return np.vectorize(float if to_float else int, otypes=[object])(values)


def _binary(function: Callable[[object, object], object], neutral: int | None = None) -> Handler:
    """Elementwise; a symbol survives the neutral element."""

    def element(a: object, b: object) -> object:
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            return function(a, b)
        if neutral is not None and b == neutral:
            return a
        return b if neutral is not None and a == neutral and function is not _div and function is not _sub else None

    def handler(ev: Evaluator, node: gs.Node) -> Values | None:
        a, b = ev.get(node.inputs[0]), ev.get(node.inputs[1])
        if a is None or b is None:
            return None
        result = np.frompyfunc(element, 2, 1)(a, b)
        return result if isinstance(result, np.ndarray) else _scalar(result)

    return handler


def _unary(function: Callable[[float], object]) -> Handler:
    def handler(ev: Evaluator, node: gs.Node) -> Values | None:
        values = ev.get(node.inputs[0])
        if values is None or not known(values):
            return None
        result = np.frompyfunc(function, 1, 1)(values)
        return result if isinstance(result, np.ndarray) else _scalar(result)

    return handler


def _add(a: object, b: object) -> object:
    return a + b  # type: ignore[operator]


def _sub(a: object, b: object) -> object:
    return a - b  # type: ignore[operator]


def _mul(a: object, b: object) -> object:
    return a * b  # type: ignore[operator]


def _div(a: object, b: object) -> object:
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b  # type: ignore[operator]


def _equal(ev: Evaluator, node: gs.Node) -> Values | None:
    """A symbol is a length, so it is not equal to a negative number."""
    a, b = ev.get(node.inputs[0]), ev.get(node.inputs[1])
    if a is None or b is None:
        return None

    def element(x: object, y: object) -> object:
        if isinstance(x, (int, float)) and isinstance(y, (int, float)):
            return x == y
        number = x if isinstance(x, (int, float)) else y
        symbol = y if number is x else x
        return False if isinstance(symbol, str) and isinstance(number, (int, float)) and number < 0 else None

    result = np.frompyfunc(element, 2, 1)(a, b)
    return result if isinstance(result, np.ndarray) else _scalar(result)


def _where(ev: Evaluator, node: gs.Node) -> Values | None:
    condition, a, b = (ev.get(t) for t in node.inputs)
    if condition is None or a is None or b is None:
        return None

    def element(c: object, x: object, y: object) -> object:
        return x if c is True else y if c is False else (x if x == y else None)

    result = np.frompyfunc(element, 3, 1)(condition, a, b)
    return result if isinstance(result, np.ndarray) else _scalar(result)


def _constant_of_shape(ev: Evaluator, node: gs.Node) -> Values | None:
    shape = ev.get(node.inputs[0])
    if shape is None or not known(shape) or shape.size > 1:
        return None
    fill = node.attrs.get("value")
    value = fill.values.ravel()[0].item() if fill is not None else 0.0
    return _vector([value] * int(shape[0])) if shape.size else _scalar(value)


def _range(ev: Evaluator, node: gs.Node) -> Values | None:
    bounds = [ev.get(t) for t in node.inputs]
    if not all(known(b) for b in bounds):
        return None
    return np.arange(*(b.item() for b in bounds if b is not None)).astype(object)


def _reduce(function: Callable[[np.ndarray], object]) -> Handler:
    def handler(ev: Evaluator, node: gs.Node) -> Values | None:
        values = ev.get(node.inputs[0])
        if values is None or not known(values) or values.ndim != 1:
            return None
        result = function(values)
        return _vector([result]) if node.attrs.get("keepdims", 1) else _scalar(result)

    return handler


_HANDLERS: dict[str, Handler] = {
    "Shape": _shape,
    "Size": _size,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "Flatten": _flat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Identity": _same,
    "Cast": _cast,
    "Add": _binary(_add, 0),
    "Sub": _binary(_sub, 0),
    "Mul": _binary(_mul, 1),
    "Div": _binary(_div, 1),
    "Mod": _binary(lambda a, b: a % b),  # type: ignore[operator]
    "Min": _binary(lambda a, b: min(a, b)),  # type: ignore[type-var]
    "Max": _binary(lambda a, b: max(a, b)),  # type: ignore[type-var]
    "Greater": _binary(lambda a, b: a > b),  # type: ignore[operator]
    "Less": _binary(lambda a, b: a < b),  # type: ignore[operator]
    "Equal": _equal,
    "Where": _where,
    "Neg": _unary(lambda a: -a),
    "Floor": _unary(lambda a: float(np.floor(a))),
    "Ceil": _unary(lambda a: float(np.ceil(a))),
    "Not": _unary(lambda a: not a),
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "ReduceProd": _reduce(lambda v: int(np.prod(v.astype(np.int64)))),
    "ReduceSum": _reduce(lambda v: sum(v.tolist())),
    "ReduceMax": _reduce(lambda v: max(v.tolist())),
    "ReduceMin": _reduce(lambda v: min(v.tolist())),
}
