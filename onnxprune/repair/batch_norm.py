"""Batch normalisation: what it takes for the mean and variance of its input are those of the pruned model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Moments
from onnxprune.coupling import analyze
from onnxprune.graph import Model, Parts
from onnxprune.progress import counted
from onnxprune.repair.edits import Edits
from onnxprune.repair.front import Front
from onnxprune.repair.registry import repair
from onnxprune.repair.work import Work
from onnxprune.rewrite import keep_of
from onnxprune.rewrite.axes import inexact, losing

Array = np.ndarray

MEAN, VARIANCE = 3, 4
"""Operands of BatchNormalization."""


@repair("batch_norm")
def batch_norm(work: Work) -> Edits:
    """Means and variances of batch normalisations anew, as the pruned model has them (Li et al. 2020, "EagleEye").

    Over all positions of the data, in the order of the graph, each behind those before it; only behind what lost units.
    There is nothing to do, and a warning, where a model has none: most exporters fold them into convolutions.
    """
    edits, narrow, dense = Edits(), work.narrow(), work.dense.model
    touched = _behind(dense, work)
    nodes = [node for node in narrow.model.graph.nodes if _is_estimated(node) and str(node.inputs[0].name) in touched]
    if not nodes:
        work.warn("no batch normalisation is behind what was pruned, so none is estimated anew (exporters fold them)")
        return edits
    stored = {str(tensor.name): np.asarray(tensor.values) for tensor in _stored(dense.graph)}
    parts = Parts(narrow.model)
    front = Front(parts, [str(node.inputs[0].name) for node in nodes], work.data, work.threads)
    for number, node in enumerate(nodes):
        work.progress(counted("estimating batch normalisation", number, len(nodes)))
        seen = _moments(front.advance(str(node.inputs[0].name)))
        for place, values in ((MEAN, seen.mean), (VARIANCE, seen.variance)):
            name, made = str(node.inputs[place].name), values.astype(node.inputs[place].dtype)
            parts.store(name, made)
            edits.weights[name] = narrow.spread(name, made, stored[name])
    return edits


def _is_estimated(node: gs.Node) -> bool:
    """Whether it normalises every channel by a stored mean and variance that are its own."""
    if node.op != "BatchNormalization" or len(node.outputs) > 1 or node.attrs.get("training_mode", 0):
        return False
    operands = node.inputs[MEAN : VARIANCE + 1]
    return all(isinstance(t, gs.Constant) and len(t.outputs) == 1 and len(t.shape) == 1 for t in operands)


def _stored(graph: gs.Graph) -> Iterator[gs.Constant]:
    yield from (tensor for node in graph.nodes for tensor in node.inputs if isinstance(tensor, gs.Constant))


def _behind(dense: Model, work: Work) -> set[str]:
    """The tensors that the pruning changes: made by nodes that sum over what lost units, and by all behind them."""
    analysis = analyze(dense.graph, dense.opsets)
    keep = keep_of(analysis, work.masks)
    lost = {id(one.node) for one in analysis.bindings if losing(one, keep) or inexact(one, keep)}
    found: set[str] = set()
    for node in analysis.graph.nodes:
        if id(node) in lost or any(str(tensor.name) in found for tensor in node.inputs):
            found |= {str(tensor.name) for tensor in node.outputs}
    return found


def _moments(calls: Sequence[Array]) -> Moments:
    """Of every channel, which are the second axis."""
    seen = Moments(magnitudes=False)
    for values in calls:
        seen.update(np.moveaxis(values, 1, -1).reshape(-1, values.shape[1]).astype(np.float32, copy=False))
    return seen
