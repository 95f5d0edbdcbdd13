"""Names of stored tensors: bodies may use one name for two of them, a plan may not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, count

import onnx_graphsurgeon as gs

from onnxprune.graph.ir import bodies_of
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.ownership import owned


def name_apart(model: Model, outermost: Mapping[str, gs.Tensor]) -> None:
    """Give stored tensors of bodies a new name where theirs is used elsewhere in the model.

    outermost: the names of the outermost graph, which stay.
    """
    bodies = list(graphs(model))[1:]
    taken = {t.name for body in bodies for t in _variables(body)} | set(outermost)
    for tensor in _unique(t for body in bodies for t in _constants(body)):
        if outermost.get(tensor.name) is tensor:
            continue
        if tensor.name in taken:
            name = free_name(tensor.name, taken)
            model.undo.renamed[name] = tensor.name
            tensor.name = name
        taken.add(tensor.name)


class Names:
    """Hands out names that no tensor of a model has."""

    def __init__(self, model: Model) -> None:
        self._taken = {t.name for graph in graphs(model) for t in (*_variables(graph), *_constants(graph))}

    def new(self, name: str) -> str:
        """`name`, or where it is taken `name.2`, `name.3`, ..."""
        found = free_name(name, self._taken)
        self._taken.add(found)
        return found


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name.2`, `name.3`, ... that is not taken."""
    numbered = (f"{name}.{number}" for number in count(2))
    return next(found for found in chain([name], numbered) if found not in taken)


def restore_names(model: Model) -> None:
    """Give renamed stored tensors of bodies their names back where no other tensor in sight has it."""
    if model.undo.renamed:
        _restore(model, model.graph, owned(model.graph, model.outer), frozenset())


def _restore(model: Model, graph: gs.Graph, owners: Mapping[int, list[gs.Constant]], above: frozenset[str]) -> set[str]:
    """Returns the names of the graph and of the bodies inside it. above: names of the graphs around it."""
    tensors = owners[id(graph)]
    names = {t.name for t in graph.inputs} | {t.name for t in tensors}
    below: set[str] = set()
    for node in graph.nodes:
        for body in bodies_of(node):
            below |= _restore(model, body, owners, above | names)
        names.update(t.name for t in node.outputs)
    for tensor in tensors:
        old = model.undo.renamed.get(tensor.name)
        if old is not None and graph is not model.graph and not any(old in seen for seen in (above, names, below)):
            tensor.name = old
            names.add(old)
    return names | below


def _variables(graph: gs.Graph) -> Iterator[gs.Tensor]:
    yield from graph.inputs
    yield from (t for node in graph.nodes for t in node.outputs)


def _constants(graph: gs.Graph) -> Iterator[gs.Constant]:
    yield from (t for node in graph.nodes for t in node.inputs if isinstance(t, gs.Constant))
    yield from (t for t in graph.outputs if isinstance(t, gs.Constant))


def _unique(tensors: Iterator[gs.Constant]) -> Iterator[gs.Constant]:
    seen: set[int] = set()
    for tensor in tensors:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            yield tensor
