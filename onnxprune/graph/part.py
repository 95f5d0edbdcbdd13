"""The part of a model that computes some of its tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from onnx import ValueInfoProto

from onnxprune.errors import InputError
from onnxprune.graph.dead import drop_dead
from onnxprune.graph.model import Model
from onnxprune.graph.save import save


def save_part(model: Model, names: Iterable[str], path: Path) -> None:
    """Write a model whose outputs are the named tensors, without the nodes that they don't need.

    The model is cut in place. Raises InputError for a tensor that the outermost graph doesn't have.
    """
    graph = model.graph
    made = {t.name: t for t in graph.inputs} | {t.name: t for node in graph.nodes for t in node.outputs}
    wanted = list(dict.fromkeys(names))
    missing = [name for name in wanted if name not in made]
    if missing:
        raise InputError(f"the model has no tensor '{missing[0]}'")
    graph.outputs = [made[name] for name in wanted]
    header = model.header.graph
    del header.output[:]
    header.output.extend(ValueInfoProto(name=name) for name in wanted)  # a runtime infers their types
    drop_dead(model)
    save(model, path)
