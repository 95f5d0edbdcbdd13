"""Loading and saving: a Model is an onnx-graphsurgeon graph plus the header of the file it came from.

Stored tensors live as numpy arrays (memory-mapped where they lie in data files); the protobuf that shape inference
and the checker see is a skeleton without them, so that the 2 GB limit of protobuf never matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnx_graphsurgeon as gs
from google.protobuf.message import DecodeError
from onnx import helper, inliner, numpy_helper
from onnx_graphsurgeon.importers.onnx_importer import OnnxImporter
from onnx_graphsurgeon.logger import G_LOGGER

from onnxprune.errors import InputError
from onnxprune.graph.external import read_external
from onnxprune.graph.shapes import infer

INLINE_BYTES = 1024
"""Stored tensors up to this size stay in the skeleton: shape inference reads them."""

G_LOGGER.severity = G_LOGGER.ERROR


@dataclass(slots=True)
class Model:
    """A loaded model.

    graph:   the graph, shapes inferred; header: the file's other fields, its graph without nodes and tensors;
    path:    where it came from; copies: name of a copied stored tensor -> name of the one it was copied from;
    outer: names of the stored tensors of the outermost graph, which bodies of If/Loop/Scan may read too;
    external: whether the weights lay in data files
    """

    graph: gs.Graph
    header: onnx.ModelProto
    path: Path | None = None
    copies: dict[str, str] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()
    external: bool = False

    @property
    def opsets(self) -> dict[str, int]:
        """Opset version by domain."""
        return {entry.domain: entry.version for entry in self.header.opset_import}


def load(path: Path | str) -> Model:
    """Read, check and infer shapes. Raises InputError, in one sentence, for anything that is not a usable model."""
    path = Path(path)
    proto = parse(path)
    external = any(t.data_location == onnx.TensorProto.EXTERNAL for t in _stored(proto.graph))
    return from_proto(proto, path, external)


def parse(path: Path) -> onnx.ModelProto:
    """The protobuf of a file, data files not read."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not an ONNX file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except DecodeError:
        raise InputError(f"{path}: not an ONNX file, or cut short ({len(data)} bytes)") from None
    if not proto.HasField("graph") or not proto.opset_import:
        raise InputError(f"{path}: not an ONNX file (no graph or opset in it)")
    return proto


def from_proto(proto: onnx.ModelProto, path: Path | None = None, external: bool = False) -> Model:
    """A Model from a protobuf, which is used up. `path` is where relative data files are looked for."""
    where = str(path) if path else "model"
    _check_opset(proto, where)
    arrays = _take_tensors(proto, path)
    if proto.functions:
        proto = inliner.inline_local_functions(proto)
    _check(proto, where)
    _open_negative_dims(proto.graph)
    proto = infer(proto)
    graph = import_graph(proto, arrays)
    outer = frozenset(arrays) | {t.name for t in proto.graph.initializer}
    return Model(graph, _header(proto, arrays), path, outer=outer, external=external)


def _open_negative_dims(graph: onnx.GraphProto) -> None:
    """Some exporters write -1 for a length that is open."""
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_value < 0:
                dim.Clear()


def _check_opset(proto: onnx.ModelProto, where: str) -> None:
    newest = onnx.defs.onnx_opset_version()
    for entry in proto.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version > newest:
            raise InputError(f"{where}: opset {entry.version} is newer than the newest supported, {newest}")


def _check(proto: onnx.ModelProto, where: str) -> None:
    try:
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, ValueError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise InputError(f"{where}: the ONNX checker refuses it: {reason}") from None


def _stored(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from _stored(attribute.g)


def _take_tensors(proto: onnx.ModelProto, path: Path | None) -> dict[str, np.ndarray]:
    """Move large stored tensors out of the protobuf; what is left declares them as inputs."""
    folder = (path or Path("model")).parent
    for tensor in _stored(proto.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL and not _is_main(proto, tensor):
            _load_inline(tensor, folder)
    _constants_to_initializers(proto.graph)
    arrays: dict[str, np.ndarray] = {}
    declared = {value.name for value in proto.graph.input}
    small: list[onnx.TensorProto] = []
    for tensor in proto.graph.initializer:
        external = tensor.data_location == onnx.TensorProto.EXTERNAL
        if not external and tensor.ByteSize() <= INLINE_BYTES:
            small.append(tensor)
            continue
        arrays[tensor.name] = read_external(tensor, folder) if external else _array(tensor)
        if tensor.name not in declared:
            proto.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    kept = [_copy(t) for t in small]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)
    return arrays


def _is_main(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> bool:
    return any(tensor is t for t in proto.graph.initializer)


def _load_inline(tensor: onnx.TensorProto, folder: Path) -> None:
    loaded = numpy_helper.from_array(np.asarray(read_external(tensor, folder)), tensor.name)
    tensor.CopyFrom(loaded)


def _copy(tensor: onnx.TensorProto) -> onnx.TensorProto:
    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    return copy


def _array(tensor: onnx.TensorProto) -> np.ndarray:
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise InputError(f"initializer '{tensor.name}' is damaged: {' '.join(str(error).split())}") from None


def _constants_to_initializers(graph: onnx.GraphProto) -> None:
    """Constant nodes of the main graph are stored tensors by another name."""
    moved = [n for n in graph.node if n.op_type == "Constant" and n.attribute and n.attribute[0].name == "value"]
    for node in moved:
        tensor = _copy(node.attribute[0].t)
        tensor.name = node.output[0]
        graph.initializer.append(tensor)
    names = {n.output[0] for n in moved}
    kept = [n for n in graph.node if not (n.op_type == "Constant" and n.output[0] in names)]
    if moved:
        copies = [onnx.NodeProto.FromString(n.SerializeToString()) for n in kept]
        del graph.node[:]
        graph.node.extend(copies)


def import_graph(proto: onnx.ModelProto, arrays: dict[str, np.ndarray]) -> gs.Graph:
    graph = OnnxImporter.import_graph(
        proto.graph,
        opset=OnnxImporter.get_opset(proto),
        import_domains=proto.opset_import,
        ir_version=proto.ir_version,
    )
    tensors = {t.name: t for t in (*graph.inputs, *graph.tensors().values())}
    for name, values in arrays.items():
        tensor = tensors[name]
        if isinstance(tensor, gs.Variable):
            tensor.to_constant(values)
    graph.inputs = [t for t in graph.inputs if t.name not in arrays]
    return graph


def _header(proto: onnx.ModelProto, arrays: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Everything that is neither node nor stored tensor."""
    header = onnx.ModelProto()
    header.CopyFrom(proto)
    del header.graph.node[:], header.graph.initializer[:], header.graph.sparse_initializer[:]
    del header.graph.value_info[:]
    inputs = [v for v in header.graph.input if v.name not in arrays]
    del header.graph.input[:]
    header.graph.input.extend(inputs)
    return header
