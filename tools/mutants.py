"""Mutants of a Python file: each differs from it in one operator, constant, condition or statement."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
"""An operator and what stands for it in a mutant."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file. what: the change, in words; before: the line as it was"""

    line: int
    what: str
    before: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}   | {self.before.strip()}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a file, from top to bottom. Annotations, texts and what is raised stay as they are."""
    tree = ast.parse(source)
    lines = source.splitlines()
    spared = set(_spared(tree))
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in spared:
            continue
        for number, what in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            target = next(n for k, n in enumerate(ast.walk(changed)) if k == place)
            _Change(target, number).apply(changed)
            line = getattr(node, "lineno", 0)
            made = ast.unparse(ast.fix_missing_locations(changed))
            yield Mutant(line, what, lines[line - 1] if line else "", made)


def _spared(tree: ast.AST) -> Iterator[int]:
    """Nodes whose change no test should see: annotations, messages of errors, defaults of types."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, (ast.AnnAssign, ast.arg)):
            parts = [node.annotation]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            parts = [node.returns, *node.decorator_list]
        elif isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Assert)):
            parts = [node]
        for part in parts:
            if part is not None:
                yield from (id(inner) for inner in ast.walk(part))


def _changes(node: ast.AST) -> list[str]:
    """What can be changed about a node, in words; the order is that of `_Change`."""
    if isinstance(node, ast.Compare):
        return [f"{_sign(op)} becomes {_sign(SWAPS[type(op)]())}" for op in node.ops if type(op) in SWAPS]
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        return [f"{_sign(node.op)} becomes {_sign(SWAPS[type(node.op)]())}"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        return [f"{_sign(node.op)} is dropped"]
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        return [f"{node.value} becomes {_other(node.value)}"]
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return ["the condition is always true", "the condition is never true"]
    if isinstance(node, (ast.Continue, ast.Break)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return ["the statement is dropped"]
    return []


class _Change:
    """The change of one node of a tree. number: which of `_changes`"""

    def __init__(self, node: ast.AST, number: int) -> None:
        self.node, self.number = node, number

    def apply(self, tree: ast.AST) -> None:
        """Change the tree in place."""
        node = self.node
        if isinstance(node, ast.Compare):
            k = [k for k, op in enumerate(node.ops) if type(op) in SWAPS][self.number]
            node.ops = [_swapped(op) if i == k else op for i, op in enumerate(node.ops)]
        elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
            node.op = _swapped(node.op)
        elif isinstance(node, ast.UnaryOp):
            _replace(tree, node, node.operand)
        elif isinstance(node, ast.Constant):
            node.value = _other(node.value)
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            node.test = ast.Constant(self.number == 0)
        else:
            _replace(tree, node, ast.Pass())


def _swapped(op: ast.AST) -> Any:
    return SWAPS[type(op)]()


def _other(value: Any) -> bool | int:
    return not value if isinstance(value, bool) else int(value) + 1


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else super().generic_visit(node)

    Replace().visit(tree)


_SIGNS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.And: "and",
    ast.Or: "or",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Not: "not",
    ast.USub: "-",
}


def _sign(op: ast.AST) -> str:
    return _SIGNS[type(op)]
