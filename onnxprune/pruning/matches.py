"""Tensors inside a model that a pruned one can be held to: what linear layers read, and which units of it survived."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.terms import Term
from onnxprune.graph import Model, normalize
from onnxprune.pruning.plan import Plan
from onnxprune.recovery import Match
from onnxprune.rewrite import keep_of

MOST = 8
"""Tensors, evenly spaced over the depth: more tell little more, and have to be held."""


def matches_of(analysis: Analysis, masks: Mapping[str, np.ndarray]) -> list[Match]:
    """What to match. masks: group id -> units that stay."""
    keep = keep_of(analysis, masks)
    inputs = {t.name for t in analysis.graph.inputs}
    found: dict[str, Match] = {}
    for layer in layers(analysis):
        if layer.data.name not in inputs and layer.data.name not in found:
            shrunk = [(axis, term) for axis, term in enumerate(_terms(layer)) if keep.touches(term)]
            kept = {axis: keep.indices(term) for axis, term in shrunk}
            found[layer.data.name] = Match(layer.data.name, kept)
    every = list(found.values())
    count = min(MOST, len(every))
    return [every[(2 * i + 1) * len(every) // (2 * count)] for i in range(count)]


def matches_of_plan(model: Model, plan: Plan | None) -> list[Match]:
    """The same of the dense model and a plan. None: nothing went. Raises InputError for a plan of another model."""
    analysis = analyze(normalize(model).graph, model.opsets)
    return matches_of(analysis, plan.chosen(analysis) if plan else {})


def _terms(layer: Layer) -> tuple[Term, ...]:
    return tuple(layer.binding.inputs[layer.place] or ())
