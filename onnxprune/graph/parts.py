"""Parts of a model, again and again, while its stored tensors change."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import numpy as np
import onnx_graphsurgeon as gs
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper

from onnxprune.errors import InputError
from onnxprune.graph.assemble import to_proto
from onnxprune.graph.model import Model, all_stored
from onnxprune.graph.save import PROTOBUF_LIMIT
from onnxprune.graph.taps import remove_taps
from onnxprune.graph.tensors import onnx_type, size_of, write_tensor


class Parts:
    """A normalised model, cut to what computes some of its tensors, as often as one likes.

    The model is used up. Raises InputError for one that doesn't fit into memory as one message (2 GB).
    """

    def __init__(self, model: Model) -> None:
        if sum(size_of(t) for t in all_stored(model)) > PROTOBUF_LIMIT:
            raise InputError("a model of more than 2 GB can't be repaired layer after layer")
        remove_taps(model)
        self._proto = to_proto(model)
        graph = self._proto.graph
        self._makers = {name: i for i, node in enumerate(graph.node) for name in node.output}
        self._stored = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                self._stored.setdefault(node.output[0], node.attribute[0].t)

    def store(self, name: str, values: np.ndarray) -> None:
        """Replace a stored tensor of the outermost graph."""
        self._stored[name].CopyFrom(write_tensor(gs.Constant(name, values)))

    def part(self, names: Iterable[str], given: Mapping[str, Sequence[np.ndarray]] | None = None) -> bytes:
        """A serialized model whose outputs are the named tensors, of the outermost graph.

        given: tensors that are inputs instead of being computed, with values that they may have
        """
        wanted, given = list(dict.fromkeys(names)), given or {}
        nodes, read = self._needed(wanted, given)
        made = ModelProto()
        made.CopyFrom(self._frame())
        whole, graph = self._proto.graph, made.graph
        graph.node.extend(whole.node[i] for i in sorted(nodes))
        graph.initializer.extend(t for t in whole.initializer if t.name in read)
        graph.sparse_initializer.extend(whole.sparse_initializer)
        graph.input.extend(v for v in whole.input if v.name in read)
        declared = {v.name for v in whole.input}
        graph.input.extend(_declared(n, v) for n, v in given.items() if n in read and n not in declared)
        graph.output.extend(ValueInfoProto(name=name) for name in wanted)  # a runtime infers their types
        data: bytes = made.SerializeToString()
        return data

    def needed(self, names: Iterable[str], given: Container[str] = ()) -> set[int]:
        """The nodes, by place, that make tensors out of the inputs and what is given."""
        return self._needed(names, given)[0]

    def between(self, done: Container[int], waiting: Iterable[int]) -> set[str]:
        """The tensors that nodes which are done make, or that are inputs, and that waiting nodes read."""
        read = {name for i in waiting for name in _reads(self._proto.graph.node[i])}
        inputs = {value.name for value in self._proto.graph.input} - set(self._stored)
        return {name for name in read if name in inputs or self._makers.get(name, -1) in done}

    def _frame(self) -> ModelProto:
        """All but the graph."""
        frame = ModelProto(ir_version=self._proto.ir_version, graph=GraphProto(name=self._proto.graph.name))
        frame.opset_import.extend(self._proto.opset_import)
        frame.functions.extend(self._proto.functions)
        return frame

    def _needed(self, names: Iterable[str], given: Container[str]) -> tuple[set[int], set[str]]:
        """The nodes that make tensors, by place, and the names of all that these read."""
        nodes: set[int] = set()
        read = set(names)
        waiting = list(read)
        while waiting:
            name = waiting.pop()
            place = None if name in given else self._makers.get(name)
            if place is None or place in nodes:
                continue
            nodes.add(place)
            new = set(_reads(self._proto.graph.node[place])) - read
            read |= new
            waiting += new
        return nodes, read


def _declared(name: str, values: Sequence[np.ndarray]) -> ValueInfoProto:
    """An input of the values' type and rank, and of those lengths that all of them have."""
    shapes = zip(*(v.shape for v in values), strict=True)
    shape = [lengths[0] if len(set(lengths)) == 1 else None for lengths in shapes]
    return helper.make_tensor_value_info(name, onnx_type(values[0].dtype), shape)


def _reads(node: NodeProto) -> Iterator[str]:
    """The names that a node and its bodies read."""
    yield from node.input
    for attribute in node.attribute:
        for body in (attribute.g, *attribute.graphs):
            yield from (name for inner in body.node for name in _reads(inner))
            yield from (value.name for value in body.output)
