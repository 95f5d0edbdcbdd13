"""A model as one protobuf: whole, or as a skeleton without its large stored tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import onnx_graphsurgeon as gs
from onnx import ModelProto, TensorProto, ValueInfoProto

from onnxprune.graph.exporting import Exporter, declare, declare_again
from onnxprune.graph.importing import copy_fields
from onnxprune.graph.model import Model, all_stored, stored
from onnxprune.graph.ownership import owned
from onnxprune.graph.sparse import sparse_form
from onnxprune.graph.tensors import size_of, write_tensor
from onnxprune.graph.wire import INLINE_BYTES

ANONYMOUS = frozenset(("?", "*", "-1", "None", "none", "unk", "unknown"))
"""Names that some producers give to every open dimension, though their lengths differ."""

_DECLARING_IR = 3
"""Up to this IR version every stored tensor of a graph is declared as an input, or made by a Constant node."""


def is_large(tensor: gs.Constant) -> bool:
    """Whether a stored tensor is kept out of skeletons and put into data files. Strings can't be."""
    return size_of(tensor) > INLINE_BYTES


def has_constant_nodes(model: Model) -> bool:
    """Whether stored tensors that are not declared as inputs are written as Constant nodes."""
    return bool(model.header.ir_version <= _DECLARING_IR)


def movable(model: Model, tensors: Iterable[gs.Constant]) -> list[gs.Constant]:
    """The large stored tensors among `tensors` whose data need not lie in a node, nor in a sparse tensor."""
    declared = {v.name for v in model.header.graph.input} if has_constant_nodes(model) else None
    return [t for t in tensors if is_large(t) and not sparse_form(t) and (declared is None or t.name in declared)]


def skeleton(model: Model) -> ModelProto:
    """The model without the large stored tensors of its outermost graph, which are declared as inputs."""
    return _without(model, [t for t in stored(model) if is_large(t)])


def for_inference(model: Model, declared: Iterable[ValueInfoProto] = ()) -> ModelProto:
    """The model without all large stored tensors, which are declared as inputs of the outermost graph.

    Every open dimension of an input has a name of its own. declared: what to tell of computed tensors
    """
    inputs = len(model.header.graph.input)
    proto = _without(model, [t for t in all_stored(model) if is_large(t)])
    proto.graph.value_info.extend(declared)
    for value in proto.graph.input[:inputs]:
        for i, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value") and (dim.dim_param or "?") in ANONYMOUS:
                dim.dim_param = f"{value.name}:{i}"
    return proto


def _without(model: Model, large: Sequence[gs.Constant]) -> ModelProto:
    left_out = {id(t) for t in large}
    owners = owned(model.graph, model.outer)
    small = {key: [t for t in tensors if id(t) not in left_out] for key, tensors in owners.items()}
    proto = assemble(model, small, lean=True)
    given = {v.name for v in proto.graph.input}
    proto.graph.input.extend(declare(t) for t in large if t.name not in given)
    proto.graph.value_info.extend(_told(model.graph))
    return proto


def _told(graph: gs.Graph) -> Iterator[ValueInfoProto]:
    """Shapes of reshaped tensors: what normalisation found out about open lengths, inference can't."""
    outputs = {id(t) for t in graph.outputs}
    for node in graph.nodes:
        tensor = node.outputs[0] if node.op == "Reshape" and node.outputs else None
        if tensor is not None and id(tensor) not in outputs and tensor.dtype is not None and tensor.shape:
            yield declare_again(tensor)


def to_proto(model: Model) -> ModelProto:
    """The whole model as one protobuf (up to 2 GB)."""
    return assemble(model, owned(model.graph, model.outer))


def assemble(
    model: Model,
    owners: Mapping[int, Sequence[gs.Constant]],
    write: Callable[[gs.Constant], TensorProto] = write_tensor,
    *,
    lean: bool = False,
) -> ModelProto:
    """The protobuf with the stored tensors in `owners` (id(graph) -> tensors), each spelled by `write`."""
    proto: ModelProto = copy_fields(ModelProto(), model.header, but=("graph", "training_info") if lean else ("graph",))
    exporter = Exporter(owners, write, lean=lean, constants=has_constant_nodes(model))
    exporter.fill(proto.graph, model.graph, model.header.graph)
    return proto
