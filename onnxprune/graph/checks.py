"""Refusing models that can't be right, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import onnx
from onnx import FunctionProto, ModelProto, NodeProto

from onnxprune.errors import InputError
from onnxprune.graph.ir import TAP_DOMAIN
from onnxprune.graph.standins import naturalised

_CONTEXT = re.compile(r"Bad node spec for node\. Name: (?P<name>.*?) OpType: (?P<op>\S+)")


def check_versions(proto: ModelProto, where: str) -> None:
    """Refuse a file without a graph or opset, of an opset that is not known yet, or with nodes of our own."""
    if not proto.HasField("graph"):
        raise InputError(f"{where}: not an ONNX file (no graph in it)")
    if not proto.opset_import:
        raise InputError(f"{where}: the model doesn't say which opset it uses")
    newest = onnx.defs.onnx_opset_version()
    for entry in proto.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version > newest:
            raise InputError(f"{where}: opset {entry.version} is newer than the newest supported, {newest}")
    if any(node.domain == TAP_DOMAIN for node in _nodes(proto.graph.node)):
        raise InputError(f"{where}: a node of it is of the domain {TAP_DOMAIN}, which no file may use")


def check_functions(proto: ModelProto, where: str) -> None:
    """Refuse model-local functions that call themselves, directly or through others: inlining them has no end."""
    calls = {_key(f): {_key(n) for n in _nodes(f.node)} for f in proto.functions}
    while True:
        leaves = {key for key, called in calls.items() if not called & calls.keys()}
        if not leaves:
            break
        calls = {key: called for key, called in calls.items() if key not in leaves}
    if calls:
        domain, name, _ = min(calls)
        raise InputError(f"{where}: the function {domain}.{name} calls itself, directly or through others")


def _key(item: FunctionProto | NodeProto) -> tuple[str, str, str]:
    name = item.op_type if isinstance(item, NodeProto) else item.name
    return item.domain, name, item.overload


def _nodes(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            yield from _nodes(attribute.g.node)


def _check_branches(proto: ModelProto, where: str) -> None:
    """Refuse an If whose branches don't make what it gives out; the ONNX checker lets it pass."""
    for node in _nodes(proto.graph.node):
        for branch in node.attribute if node.op_type == "If" and not node.domain else ():
            if branch.HasField("g") and len(branch.g.output) != len(node.output):
                made, given = len(branch.g.output), len(node.output)
                name = node.name or next(iter(node.output), "")
                raise InputError(f"{where}: '{branch.name}' of If node '{name}' makes {made} results and not {given}")


def check(proto: ModelProto, where: str) -> None:
    """Run the ONNX checker on a skeleton."""
    _check_branches(proto, where)
    try:
        onnx.checker.check_model(naturalised(proto))
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")
        context = _CONTEXT.search(str(error))
        node = f" ({context['op']} node '{context['name'].strip()}')" if context else ""
        raise InputError(f"{where}: the ONNX checker refuses it: {reason}{node}") from None
