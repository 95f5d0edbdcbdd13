"""Candidates and costs made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from onnxprune.budget import Candidate, Cost, Monomial, Work
from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom


def candidate(name: str, scores: list[float], **options: Any) -> Candidate:
    """A group of that name with an axis of its own."""
    atom = Atom(len(scores))
    return Candidate(Group(name, atom, len(scores)), np.array(scores, float), "channels", **options)


def linear(*candidates: Candidate, weight: float = 1.0) -> Cost:
    """Every unit costs the same."""
    return Cost(Monomial(c.group.id, weight, (c.group.atom,)) for c in candidates)


def work(*candidates: Candidate, **options: Any) -> Work:
    """That, as multiply-accumulates and as traffic."""
    return Work(linear(*candidates), linear(*candidates), **options)
