"""Small models that several tests of criteria look at."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Data, Gradients, Trials, collect
from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.criteria import Needs, get, score
from onnxprune.pruning.slopes import gradients
from onnxprune.rewrite import open_gated
from tests.filled import filled

MLP = """agraph (float[1,2] x) => (float[1,2] y) <float[2,3] a, float[3,2] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""
Slopes = dict[tuple[str, str], np.ndarray]
A = np.array([[1, -2, 0], [2, 0, 0]], np.float32)
B = np.array([[2, 0], [0, 1], [-4, 0]], np.float32)


def only_group(text: str, **values: np.ndarray) -> tuple[Analysis, Group]:
    """The analysis of a model, and the one group that can go."""
    model = filled(text, **values)
    analysis = analyze(model.graph, model.opsets)
    (group,) = analysis.prunable
    return analysis, group


def scored(
    name: str, text: str = MLP, aggregate: str = "", known: Slopes | None = None, **values: np.ndarray
) -> np.ndarray:
    """Scores of the group by a criterion, with the rows of the unit matrix for data, labelled 0, 1, 0 and so on.

    known: gradients, by what they are and of which tensor; otherwise torch makes them
    """
    values = {"a": A, "b": B} | values
    analysis, group = only_group(text, **values)
    seen = None
    width = analysis.graph.inputs[0].shape[1]
    calls = [{"x": row[None]} for row in np.eye(width, dtype=np.float32)]
    if get(name).needs > Needs.WEIGHTS:
        seen = collect(lambda: filled(text, **values), analysis, calls, pairs=True, sample=True, threads=1)
    data = Data("calls", "", (1,) * width, calls.__getitem__, labels="label", tell=lambda i: np.array([i % 2]))
    trials = Trials(lambda: open_gated(lambda: filled(text, **values), [group.id], 1), lambda: data)
    slopes = None if known is None else Gradients(lambda _: known)
    if known is None and get(name).gradients:
        slopes = gradients(lambda: filled(text, **values), lambda: data, [group.id])
    made_of = {"activations": seen, "trials": trials, "gradients": slopes, "samples": width}
    return score(analysis, [group], name, aggregate=aggregate, **made_of)[group.id]
