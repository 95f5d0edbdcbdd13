"""Refusing models that can't be right, in one sentence."""

from __future__ import annotations

import re

import onnx
from onnx import ModelProto

from onnxprune.errors import InputError

_CONTEXT = re.compile(r"Bad node spec for node\. Name: (?P<name>.*?) OpType: (?P<op>\S+)")


def check_versions(proto: ModelProto, where: str) -> None:
    """Refuse a file without a graph or opset, or of an opset that is not known yet."""
    if not proto.HasField("graph"):
        raise InputError(f"{where}: not an ONNX file (no graph in it)")
    if not proto.opset_import:
        raise InputError(f"{where}: the model doesn't say which opset it uses")
    newest = onnx.defs.onnx_opset_version()
    for entry in proto.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version > newest:
            raise InputError(f"{where}: opset {entry.version} is newer than the newest supported, {newest}")


def check(proto: ModelProto, where: str) -> None:
    """Run the ONNX checker on a skeleton."""
    try:
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")
        context = _CONTEXT.search(str(error))
        node = f" ({context['op']} node '{context['name'].strip()}')" if context else ""
        raise InputError(f"{where}: the ONNX checker refuses it: {reason}{node}") from None
