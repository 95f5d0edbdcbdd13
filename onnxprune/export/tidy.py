"""Names in an exported graph: the model's own, each used once, and no trace of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

# The attribute of the adapter that holds the model, as a prefix of weights and of scopes.
_WEIGHT, _SCOPE = "module.", "/module/"


def tidy(model: ir.Model) -> None:
    """Rename and clean `model` in place.

    The names of graph inputs and outputs win: an exporter gives the output the name it was asked for even
    when a value inside is called the same, and such a file doesn't load. Stack traces in the metadata go,
    since they hold paths.
    """
    taken = {value.name for value in (*model.graph.inputs, *model.graph.outputs)}
    interface = {*map(id, model.graph.inputs), *map(id, model.graph.outputs)}
    for value in _values(model):
        value.metadata_props.clear()
        if id(value) not in interface and value.name:
            value.name = _unused(_model_name(value.name), taken)
            taken.add(value.name)
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        node.name = _model_name(node.name or "")
    model.metadata_props.clear()
    model.graph.metadata_props.clear()


def _values(model: ir.Model) -> Iterator[ir.Value]:
    yield from model.graph.inputs
    for graph in model.graphs():
        yield from list(graph.initializers.values())
    for node in model.graph.all_nodes():
        yield from node.outputs


def _model_name(name: str) -> str:
    if name.startswith(_SCOPE):
        return "/" + name.removeprefix(_SCOPE)
    return name.removeprefix(_WEIGHT)


def _unused(name: str, taken: set[str | None]) -> str:
    if name not in taken:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
