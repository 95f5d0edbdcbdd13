"""Axis lengths that an exporter wrote as arithmetic, such as `past_sequence_length + 1` or `2*s0`."""

import ast
import operator
from collections.abc import Callable

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.FloorDiv: operator.floordiv,
}


def parse(symbol: str) -> ast.BinOp | None:
    """The expression that a symbol spells, or None for a plain name.

    A difference counts only with spaces around the minus: `batch-size` is a name.
    """
    if "-" in symbol.replace(" - ", ""):
        return None
    try:
        body = ast.parse(symbol, mode="eval").body
    except SyntaxError:
        return None
    return body if isinstance(body, ast.BinOp) and _is_arithmetic(body) else None


def evaluate(node: ast.expr, lookup: Callable[[str], int]) -> int:
    """The value of a parsed expression, at least 1; `lookup` gives the length that a name stands for."""
    return max(_value(node, lookup), 1)


def _value(node: ast.expr, lookup: Callable[[str], int]) -> int:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, lookup), _value(node.right, lookup)
        is_division = isinstance(node.op, ast.Div | ast.FloorDiv)
        return _OPERATORS[type(node.op)](left, max(right, 1) if is_division else right)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    assert isinstance(node, ast.Name)
    return lookup(node.id)


def _is_arithmetic(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS and _is_arithmetic(node.left) and _is_arithmetic(node.right)
    return isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and type(node.value) is int)
