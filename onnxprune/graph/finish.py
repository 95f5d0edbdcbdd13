"""Undoing, after the rewrite, what normalisation did and nobody needed."""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.graph.dead import drop_dead, maker_of, revive
from onnxprune.graph.edit import read
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import restore_names
from onnxprune.graph.sharing import merge_copies
from onnxprune.graph.taps import remove_taps
from onnxprune.graph.value_layout import even_parts


def finish(model: Model) -> Model:
    """Undo in place what turned out not to be needed, and return the model.

    Taps that cut nothing disappear; copies that are equal again are merged; parts of a Split that are still equal are
    not spelled out; in a model that lost nothing, shape arithmetic is as it was.
    """
    remove_taps(model)
    _restore_splits(model)
    if not _is_pruned(model):
        _restore_folds(model)
    merge_copies(model)  # what came back with the folds reads the first of the copies, which keeps its name
    drop_dead(model)
    restore_names(model)
    return model


def _is_pruned(model: Model) -> bool:
    return any(tuple(tensor.shape) != shape for tensor, shape in model.undo.lengths)


def _nodes(model: Model) -> set[int]:
    return {id(node) for graph in graphs(model) for node in graph.nodes}


def _restore_splits(model: Model) -> None:
    alive = _nodes(model)
    for node, attrs in model.undo.splits:
        sizes = _split_sizes(node) if id(node) in alive else None
        if sizes is None or sizes != even_parts(sum(sizes), len(node.outputs)):
            continue
        if "num_outputs" not in attrs and len(set(sizes)) > 1:
            continue
        if len(node.inputs) > 1:
            node.inputs.pop()
        node.attrs = attrs
    model.undo.splits.clear()


def _split_sizes(node: gs.Node) -> list[int] | None:
    if len(node.inputs) < 2:
        sizes: list[int] | None = node.attrs.get("split")
        return sizes
    return [int(v) for v in node.inputs[1].values] if isinstance(node.inputs[1], gs.Constant) else None


def _restore_folds(model: Model) -> None:
    """What came first was there first."""
    alive = _nodes(model)
    gone = {id(node): read for d in model.undo.dropped.values() for node, read in d.read}
    usable = _usable(model, alive)
    for fold in reversed(model.undo.folds):
        if not _is_made(fold.before, usable) or id(fold.node) not in alive | gone.keys():
            continue
        if id(fold.node) in gone:
            gone[id(fold.node)][fold.place] = fold.before
        else:
            read(fold.node, fold.place, fold.before)
        if fold.attrs is not None:
            fold.node.attrs = fold.attrs
    revive(model, (t for graph in graphs(model) for node in graph.nodes for t in node.inputs))
    model.undo.folds.clear()


def _usable(model: Model, alive: set[int]) -> set[int]:
    """Nodes that are there, and dropped ones that can come back: nothing that they read was taken by a rewrite."""
    waiting = list(model.undo.dropped.values())
    usable = alive | {id(node) for d in waiting for node, _ in d.read}
    while True:
        broken = [d for d in waiting if not all(_is_made(t, usable) for _, read in d.read for t in read)]
        if not broken:
            return usable
        usable -= {id(node) for d in broken for node, _ in d.read}
        waiting = [d for d in waiting if id(d.node) in usable]


def _is_made(tensor: gs.Tensor, usable: set[int]) -> bool:
    maker = maker_of(tensor)
    return maker is None or id(maker) in usable
