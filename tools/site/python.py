"""The reference page of the Python interface: what the public door exports, described by its docstrings."""

from __future__ import annotations

import inspect
from types import ModuleType

import onnxprune
from onnxprune import gate

HEAD = """# Python

`import onnxprune` gives the names below and nothing else. The package is typed. What a user can get wrong raises
[`InputError`](#onnxprune.InputError), with one sentence that names what, where and why.
"""


def page() -> str:
    """Functions, classes and errors of the package, then those of the gate."""
    return "\n".join([HEAD, _names(onnxprune, ""), _names(gate, " of the gate")])


def _names(module: ModuleType, whose: str) -> str:
    """Directives for mkdocstrings, a section for every kind of name."""
    found = {name: getattr(module, name) for name in module.__all__ if not name.startswith("__")}
    classes = {name for name, value in found.items() if inspect.isclass(value)}
    errors = {name for name in classes if issubclass(found[name], BaseException)}
    functions = {name for name, value in found.items() if inspect.isroutine(value)}
    kinds = (("Functions", functions), ("Classes", classes - errors), ("Errors", errors))
    parts = []
    for title, names in kinds:
        lines = [_directive(module, name, found[name]) for name in sorted(names)]
        parts += [f"## {title}{whose}\n", *lines] if lines else []
    return "\n".join(parts)


def _directive(module: ModuleType, name: str, value: object) -> str:
    """By where it is defined: a room may have the name of its verb (`gate.check`)."""
    public, defined = f"{module.__name__}.{name}", f"{value.__module__}.{name}"
    return f"::: {defined}\n    options:\n      heading: {public}\n      toc_label: {name}\n"
