"""Normalisation before analysis: one spelling for what exporters write in many ways.

    names         open lengths are told apart: constants, dimensions of inputs, others
    lengths       shape arithmetic whose result is known becomes a stored tensor; targets of Reshape, Expand and the
                  like that mix known and open lengths are written with 0, -1 and 1, or put together from both
    views         a Gather of all rows in order is a Reshape
    splits        a Split into equal parts says how long they are, for they may become unequal
    dead          nodes that nothing reads any more go
    branches      where branches of an If differ in rank, the only one that can run is marked
    statistics    norms and means of stored weights (weight normalisation) are stored
    sharing       every use of a shared constant that is no weight gets a copy of its own; a computed table that many
                  products share (rotary cos and sin) gets a tap for every use

Constant nodes are stored tensors since they were loaded. `finish` undoes what was not needed.
"""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph import value_layout, value_math  # noqa: F401  # register the handlers
from onnxprune.graph.dead import drop_dead
from onnxprune.graph.edit import insert, read
from onnxprune.graph.model import Model, all_stored, graphs
from onnxprune.graph.naming import Names
from onnxprune.graph.probe import name_lengths
from onnxprune.graph.ranks import settle_branches
from onnxprune.graph.rows import spell_views
from onnxprune.graph.shapes import refresh
from onnxprune.graph.sharing import split_shared
from onnxprune.graph.statistics import store_statistics
from onnxprune.graph.taps import insert_taps
from onnxprune.graph.targets import Targets
from onnxprune.graph.undo import Fold
from onnxprune.graph.value_layout import even_parts
from onnxprune.graph.values import Evaluator, known

MAX_ROUNDS = 32
"""Knowing a length may tell further ones. Most graphs settle after two rounds, a few take one for every block."""

_FOLDED = (np.dtype(np.int64), np.dtype(np.int32), np.dtype(np.bool_))


def normalize(model: Model) -> Model:
    """Normalise in place and return the model."""
    names = Names(model)
    targets = Targets(model, names)
    name_lengths(model)
    for _ in range(MAX_ROUNDS):
        better = fold_lengths(model, names, targets)
        drop_dead(model)
        better |= settle_branches(model)
        if not better:
            break
        refresh(model)
        name_lengths(model)
    spell_views(model, names)
    spell_splits(model, names)
    store_statistics(model, names)
    drop_dead(model)
    split_shared(model, names)
    insert_taps(model, names)
    model.undo.lengths = [(t, tuple(t.shape)) for t in all_stored(model)]
    return model


def fold_lengths(model: Model, names: Names, targets: Targets) -> bool:
    """Store what shape arithmetic comes to. True where shapes may be known better for it."""
    evaluator = Evaluator()
    constants: dict[int, gs.Constant] = {}
    better = False
    for graph in graphs(model):
        outputs = {id(t) for t in graph.outputs}
        for node in graph.nodes:
            evaluator.visit(node)
            if _is_needed(node, evaluator, outputs):
                better |= _store_known(model, node, evaluator, names, constants)
                better |= targets.rewrite(node, evaluator)
        insert(graph, targets.made)
    model.graph.nodes[:0] = targets.first
    targets.placed()
    return better


def _is_needed(node: gs.Node, evaluator: Evaluator, outputs: set[int]) -> bool:
    """Whether some output is not known altogether, so that the node must run."""
    return any(id(t) in outputs or not known(evaluator.find(t)) or t.dtype not in _FOLDED for t in node.outputs)


def _store_known(
    model: Model, node: gs.Node, evaluator: Evaluator, names: Names, constants: dict[int, gs.Constant]
) -> bool:
    """Store operands that are known; `constants` has those that were. True where the node's shape was open."""
    stored_any = False
    for i, tensor in enumerate(node.inputs):
        if isinstance(tensor, gs.Constant) or tensor.dtype not in _FOLDED:
            continue
        values = evaluator.find(tensor)
        if values is not None and known(values):
            if id(tensor) not in constants:
                constants[id(tensor)] = gs.Constant(names.new(f"{tensor.name}/value"), values.astype(tensor.dtype))
            model.undo.folds.append(Fold(node, i, tensor))
            read(node, i, constants[id(tensor)])
            stored_any = True
    return stored_any and any(t.shape is None or any(not isinstance(d, int) for d in t.shape) for t in node.outputs)


def spell_splits(model: Model, names: Names) -> None:
    """Write the lengths of a Split's outputs down, where they are known."""
    for graph in graphs(model):
        for node in graph.nodes:
            if node.op != "Split" or node.domain or "split" in node.attrs or len(node.inputs) > 1:
                continue
            shape, axis = node.inputs[0].shape, node.attrs.get("axis", 0)
            whole = shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None
            if isinstance(whole, int):
                _spell_split(model, node, even_parts(whole, len(node.outputs)), names)


def _spell_split(model: Model, node: gs.Node, sizes: list[int], names: Names) -> None:
    model.undo.splits.append((node, dict(node.attrs)))
    node.attrs.pop("num_outputs", None)
    if model.opset >= 13:
        node.inputs.append(gs.Constant(names.new(f"{node.outputs[0].name}/split"), np.array(sizes, np.int64)))
    else:
        node.attrs["split"] = sizes
