"""Means over pruned axes.

The masked mean counts a pruned unit as a zero among as many as before, the pruned one doesn't count it at all: the
former is the latter times kept / dense. Units that are inexact by another node have no masked form; the reference is
the network that never had them, and they stand in neither number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import Keep
from onnxprune.graph import Model
from onnxprune.graph.naming import Names
from onnxprune.rewrite.nodes import Nodes, element, splice


def rescale_means(model: Model, analysis: Analysis, keep: Keep) -> None:
    """Multiply what means make of a shrunk axis by the share that stays, in place; the products take over the names."""
    factors = [(b.node, _share(b, keep)) for b in analysis.bindings if b.spec.averaged]
    todo = [(node, factor) for node, factor in factors if factor != 1]
    if todo:
        names = Names(model)
        splice(model.graph, {id(node): _rescaled(node, factor, model.opset, names) for node, factor in todo})


def thinned(binding: Binding, letters: Iterable[str], keep: Keep) -> float:
    """What is left of the axes that `letters` stand for, in parts of one, where only inexact units go."""
    return _left(binding, letters, keep.among(lambda atom: bool(atom.inexact)))


def _share(binding: Binding, keep: Keep) -> float:
    """Kept by dense entries, of what a mean is over."""
    letters = binding.spec.averaged
    return _left(binding, letters, keep) / thinned(binding, letters, keep)


def _left(binding: Binding, letters: Iterable[str], keep: Keep) -> float:
    return math.prod(keep.share(term) for name in letters if keep.touches(term := binding.env[name]))


def _rescaled(node: gs.Node, factor: float, opset: int, names: Names) -> Nodes:
    """A product behind a node, under the name of what the node made."""
    around, made = Nodes(node, opset), node.outputs[0]
    raw = gs.Variable(names.new(f"{made.name}/mean"), made.dtype, made.shape)
    share = gs.Constant(names.new(f"{made.name}/share"), np.asarray(factor, element(made)))
    node.outputs[0] = raw
    around.behind.append(gs.Node("Mul", share.name, {}, [raw, share], [made]))
    return around
