"""Normalisation before analysis: one spelling for what exporters write in many ways.

    constants     Constant nodes become stored tensors
    lengths       shape arithmetic whose result is known becomes a stored tensor; Reshape and Expand targets that
                  mix known and open lengths are written with 0, -1 and 1, or put together from both
    splits        a Split into equal parts says how long they are, for they may become unequal
    sharing       every use of a shared constant that is no weight gets a copy of its own; a computed table that many
                  products share (rotary cos and sin) gets a tap for every use
    dead          nodes that nothing reads any more go

`finish` undoes what was not needed: copies that ended up equal are merged, taps that cut nothing disappear.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.io import INLINE_BYTES, Model, import_graph
from onnxprune.graph.ownership import bodies
from onnxprune.graph.save import skeleton, stored
from onnxprune.graph.shapes import infer
from onnxprune.graph.sharing import merge_copies, split_shared
from onnxprune.graph.taps import insert_taps, remove_taps
from onnxprune.graph.targets import write_targets
from onnxprune.graph.values import Evaluator, known

MAX_ROUNDS = 4
"""Knowing a length may tell further ones; exporters' graphs settle after two rounds."""


def normalize(model: Model) -> Model:
    """Normalise in place and return the model."""
    for graph in graphs(model):
        _store_constants(graph)
    name_apart(model)
    for _ in range(MAX_ROUNDS):
        if not _fold_lengths(model):
            break
        model = reinfer(model)
    for graph in graphs(model):
        spell_splits(graph, model.opsets)
    drop_dead(model)
    split_shared(model)
    insert_taps(model)
    return model


def finish(model: Model) -> Model:
    """Undo, after the rewrite, what normalisation did and nobody needed."""
    remove_taps(model)
    merge_copies(model)
    return model


def graphs(model: Model) -> Iterator[gs.Graph]:
    """The graph and the bodies inside it."""
    yield model.graph
    yield from bodies(model.graph)


def reinfer(model: Model) -> Model:
    """The same model with shapes inferred anew."""
    arrays = {t.name: t.values for t in stored(model) if t.values.nbytes > INLINE_BYTES}
    proto = infer(skeleton(model))
    model.graph = import_graph(proto, arrays)
    return model


def name_apart(model: Model) -> None:
    """Branches may use one name for two stored tensors; a plan may not."""
    owners: dict[str, gs.Constant] = {}
    for graph in graphs(model):
        for node in graph.nodes:
            for tensor in node.inputs:
                if isinstance(tensor, gs.Constant) and owners.setdefault(tensor.name, tensor) is not tensor:
                    number = 2
                    while f"{tensor.name}.{number}" in owners:
                        number += 1
                    tensor.name = f"{tensor.name}.{number}"
                    owners[tensor.name] = tensor


def _store_constants(graph: gs.Graph) -> None:
    """Constant nodes, in all spellings, become stored tensors of their graph."""
    for node in [n for n in graph.nodes if n.op == "Constant" and not n.domain]:
        values = _constant_value(node)
        if values is not None:
            tensor = node.outputs[0]
            node.outputs.clear()
            tensor.to_constant(values)
            graph.nodes.remove(node)


def _constant_value(node: gs.Node) -> np.ndarray | None:
    if "value" in node.attrs:
        values: np.ndarray = node.attrs["value"].values
        return values
    for name, dtype in (("value_float", np.float32), ("value_int", np.int64)):
        if name in node.attrs:
            return np.array(node.attrs[name], dtype)
        if f"{name}s" in node.attrs:
            return np.array(node.attrs[f"{name}s"], dtype)
    return None


def _fold_lengths(model: Model) -> bool:
    """Store what shape arithmetic comes to; True where a target was, so that shapes may be known better."""
    evaluator = Evaluator()
    rewritten = False
    for graph in graphs(model):
        for node in list(graph.nodes):
            rewritten |= _store_known_inputs(evaluator, node)
            rewritten |= write_targets(graph, node, evaluator, model.graph)
            evaluator.visit(node)
    return rewritten


def _store_known_inputs(evaluator: Evaluator, node: gs.Node) -> bool:
    stored_any = False
    for i, tensor in enumerate(node.inputs):
        if isinstance(tensor, gs.Constant) or tensor.dtype not in (np.int64, np.int32, np.bool_):
            continue
        values = evaluator.get(tensor)
        if values is not None and known(values):
            node.inputs[i] = gs.Constant(f"{tensor.name}/{_place(node)}/{i}", values.astype(tensor.dtype))
            stored_any = True
    return stored_any and any(not isinstance(d, int) for t in node.outputs for d in t.shape or (None,))


def spell_splits(graph: gs.Graph, opsets: dict[str, int]) -> None:
    """Write the lengths of a Split's outputs down, where they are known."""
    for node in graph.nodes:
        if node.op != "Split" or node.domain or "split" in node.attrs or len(node.inputs) > 1:
            continue
        shape = node.inputs[0].shape
        whole = shape[node.attrs.get("axis", 0)] if shape is not None else None
        if not isinstance(whole, int):
            continue
        count = len(node.outputs)
        chunk = -(-whole // count)
        sizes = [min(chunk, whole - i * chunk) for i in range(count)]
        node.attrs.pop("num_outputs", None)
        if max(opsets.get("", 0), opsets.get("ai.onnx", 0)) >= 13:
            node.inputs.append(gs.Constant(f"{_place(node)}/split", np.array(sizes, np.int64)))
        else:
            node.attrs["split"] = sizes


def _place(node: gs.Node) -> str:
    return node.name or node.outputs[0].name


def drop_dead(model: Model) -> None:
    """Remove nodes whose outputs nobody reads; names that bodies read count."""
    outputs = {t.name for g in graphs(model) for t in g.outputs}
    for graph in graphs(model):
        alive = True
        while alive:
            dead = [n for n in graph.nodes if not any(t.outputs or t.name in outputs for t in n.outputs)]
            alive = bool(dead)
            gone = {id(n) for n in dead}
            for node in dead:
                node.inputs.clear()
            graph.nodes = [n for n in graph.nodes if id(n) not in gone]
