"""Aggregation: one score for a unit out of what every coupled member of its group, or every layer behind it, says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.errors import InputError
from onnxprune.words import did_you_mean

Array = np.ndarray

AGGREGATES: dict[str, Callable[[Array], Array]] = {
    "sum": lambda values: values.sum(axis=0),
    "mean": lambda values: values.mean(axis=0),
    "max": lambda values: values.max(axis=0),
    "min": lambda values: values.min(axis=0),
    "prod": lambda values: values.prod(axis=0),
}
"""From values [members, units] to values [units]."""


def aggregated(name: str, values: Sequence[Array]) -> Array:
    """The values [units] of all members as one. Raises InputError for a name that isn't known."""
    return np.asarray(AGGREGATES[checked(name)](np.asarray(values)))


def checked(name: str) -> str:
    """The name of an aggregation. Raises InputError naming those there are."""
    if name not in AGGREGATES:
        close = did_you_mean(name, AGGREGATES)
        raise InputError(f"no aggregation '{name}'{close or '; there are ' + ', '.join(AGGREGATES)}")
    return name
