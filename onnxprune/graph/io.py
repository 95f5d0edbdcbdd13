"""Loading: from a file, or from a protobuf in memory, to a Model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_graphsurgeon as gs
from onnx import GraphProto, ModelProto, checker, inliner

from onnxprune.errors import InputError
from onnxprune.graph.assemble import for_inference
from onnxprune.graph.checks import check, check_functions, check_versions
from onnxprune.graph.files import Files
from onnxprune.graph.importing import Importer, copy_fields
from onnxprune.graph.model import Model
from onnxprune.graph.naming import name_apart
from onnxprune.graph.parsing import parse, parse_file
from onnxprune.graph.shapes import refresh


def load(path: Path | str) -> Model:
    """Read, check and infer shapes. Raises InputError, in one sentence, for anything that is not a usable model.

    Weights are not read: they are mapped from the file, or from its data files, and read when they are touched.
    """
    path = Path(path)
    proto, own = parse_file(path)
    return _build(proto, Files(path, own))


def from_bytes(data: bytes) -> Model:
    """The same for a serialized model in memory."""
    return _build(parse(np.frombuffer(data, np.uint8), "model", lean=False), Files(None))


def from_proto(proto: ModelProto, path: Path | None = None, external: bool = False) -> Model:
    """A Model from a protobuf in memory. path: where relative data files are looked for; external: save them so."""
    model = _build(proto, Files(path))
    model.external |= external
    return model


def _build(proto: ModelProto, files: Files) -> Model:
    try:
        return _import(proto, files)
    except UnicodeDecodeError:
        raise InputError(f"{files.where}: a name in it is not UTF-8 text") from None


def _import(proto: ModelProto, files: Files) -> Model:
    check_versions(proto, files.where)
    if proto.functions:
        check_functions(proto, files.where)
        proto = _inline(proto, files.where)
    importer = Importer(files, keep_unread=bool(proto.training_info))
    graph = importer.graph(proto.graph)
    header = copy_fields(ModelProto(), proto, but=("graph",))
    header.graph.CopyFrom(graph.header)
    _open_negative_lengths(header.graph)
    graph.opset, graph.import_domains, graph.ir_version = None, header.opset_import, header.ir_version
    names = importer.names
    outer = frozenset(n for n, t in names.items() if isinstance(t, gs.Constant))
    model = Model(graph, header, files.path, bool(files.opened), outer)
    graph.opset = model.opset
    name_apart(model, names)
    lean = for_inference(model)
    check(lean, files.where)
    refresh(model, lean)
    return model


def _open_negative_lengths(graph: GraphProto) -> None:
    """Some exporters write -1 for a length that is open."""
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_value < 0:
                dim.Clear()


def _inline(proto: ModelProto, where: str) -> ModelProto:
    """Model-local functions become the nodes that they stand for."""
    try:
        return inliner.inline_local_functions(proto)
    except (checker.ValidationError, RuntimeError, ValueError) as error:
        raise InputError(f"{where}: its functions can't be inlined: {' '.join(str(error).split())}") from None
