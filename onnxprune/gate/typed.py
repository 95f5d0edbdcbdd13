"""Dataclasses out of JSON, with a sentence for what doesn't fit."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any


def typed(body: Any, kind: Any, where: str = "") -> Any:
    """`body` as a value of `kind`: a dataclass, list, tuple, dictionary, union, or a type that JSON has itself.

    Raises ValueError that names the place which doesn't fit.
    """
    if dataclasses.is_dataclass(kind):
        return _record(body, kind, where)
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _either(body, of, where)
    if origin in (list, tuple) and isinstance(body, list):
        return origin(typed(item, of[0], f"{where}[{i}]") for i, item in enumerate(body))
    if origin is dict and isinstance(body, dict):
        return {key: typed(item, of[1], f"{where}.{key}") for key, item in body.items()}
    if origin is None and type(body) is kind:
        return body
    raise ValueError(f"{where} has a value of the wrong type")


def _either(body: Any, kinds: tuple[Any, ...], where: str) -> Any:
    """Of the first kind that fits; a mistake inside a dataclass is told as such."""
    records = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if records and isinstance(body, dict):
        return typed(body, records[0], where)
    for kind in kinds:
        try:
            return typed(body, kind, where)
        except ValueError:
            continue
    raise ValueError(f"{where} has a value of the wrong type")


def _record(body: Any, kind: Any, where: str) -> Any:
    if not isinstance(body, dict):
        raise ValueError(f"{where or 'the whole'} should be an object")
    hints, values = typing.get_type_hints(kind), {}
    for one in dataclasses.fields(kind):
        inner = f"{where}.{one.name}".lstrip(".")
        if one.name in body:
            values[one.name] = typed(body[one.name], hints[one.name], inner)
        elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            raise ValueError(f"{inner} is missing")
    return kind(**values)
