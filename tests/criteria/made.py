"""Small models that several tests of criteria look at."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Data, Trials, collect
from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.criteria import Needs, get, score
from onnxprune.pruning.slopes import gradients
from onnxprune.rewrite import open_gated
from tests.filled import filled

MLP = """agraph (float[1,2] x) => (float[1,2] y) <float[2,3] a, float[3,2] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""
A = np.array([[1, -2, 0], [2, 0, 0]], np.float32)
B = np.array([[2, 0], [0, 1], [-4, 0]], np.float32)


def only_group(text: str, **values: np.ndarray) -> tuple[Analysis, Group]:
    """The analysis of a model, and the one group that can go."""
    model = filled(text, **values)
    analysis = analyze(model.graph, model.opsets)
    (group,) = analysis.prunable
    return analysis, group


def scored(name: str, text: str = MLP, aggregate: str = "", **values: np.ndarray) -> np.ndarray:
    """Scores of the group by a criterion, with the rows of the unit matrix for data."""
    values = {"a": A, "b": B} | values
    analysis, group = only_group(text, **values)
    seen = None
    width = analysis.graph.inputs[0].shape[1]
    calls = [{"x": row[None]} for row in np.eye(width, dtype=np.float32)]
    if get(name).needs > Needs.WEIGHTS:
        seen = collect(lambda: filled(text, **values), analysis, calls, pairs=True, sample=True, threads=1)
    data = Data("calls", "", (1,) * width, calls.__getitem__)
    trials = Trials(lambda: open_gated(lambda: filled(text, **values), [group.id], 1), lambda: data)
    slopes = gradients(lambda: filled(text, **values), lambda: data, [group.id]) if get(name).gradients else None
    return score(analysis, [group], name, activations=seen, aggregate=aggregate, trials=trials, gradients=slopes)[
        group.id
    ]
