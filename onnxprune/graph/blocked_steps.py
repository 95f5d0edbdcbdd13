"""The ordinary nodes that stand for one on blocks of channels, in the model's opset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import onnx
import onnx_graphsurgeon as gs

from onnxprune.graph.blocked_flow import Flow
from onnxprune.graph.blocked_nodes import BLOCKED_DOMAIN, given, group_of, is_depthwise, is_last, takes_blocks
from onnxprune.graph.blocked_weights import Unclear
from onnxprune.graph.model import Model

TO_LAST, FROM_LAST = [0, 2, 3, 1], [0, 3, 1, 2]

_PARAMETERS = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "Clip": ("min", "max")}
_WITHOUT = ("Relu", "Sigmoid", "Tanh")
_FUSED = ("activation", "activation_params")
_UPSAMPLE_OPERAND_SINCE, _RESIZE_SINCE, _TRANSFORM_SINCE = 9, 10, 11
_CLIP_OPERANDS_SINCE = 11


@dataclass(frozen=True, slots=True)
class Step:
    """A node to make: its operands behind the first, which is what the step before made."""

    op: str
    operands: Sequence[gs.Tensor] = ()
    attrs: dict[str, Any] = field(default_factory=dict)
    domain: str | None = None


class Work(Protocol):
    """What a step may need of the rewriting (see `onnxprune.graph.unblock`)."""

    model: Model
    flow: Flow

    def tensor(self, tensor: gs.Tensor) -> gs.Tensor: ...

    def store(self, old: gs.Constant, values: np.ndarray) -> gs.Constant: ...

    def numbers(self, name: str, values: float | Sequence[float]) -> gs.Constant: ...


def steps_of(work: Work, node: gs.Node) -> list[Step]:
    """The nodes that make a node's output from its first operand; none where the one is the other.

    Raises Unclear for what the model's opset has no word for.
    """
    if node.domain == BLOCKED_DOMAIN:
        return _BLOCKED[node.op](work, node)
    if node.op == "Reshape":
        return []
    return [Step(node.op, [work.tensor(t) for t in node.inputs[1:]], dict(node.attrs), node.domain)]


def _convolution(work: Work, node: gs.Node) -> list[Step]:
    """With the operand that is added and the activation apart: ONNX Runtime puts them together again."""
    count, bias, added = work.flow.channels.count(node.outputs[0]), given(node, 2), given(node, 3)
    values = work.flow.weight(node)
    attrs = {k: v for k, v in node.attrs.items() if k not in _FUSED}
    if is_depthwise(node):
        attrs["group"] = count
    elif takes_blocks(node, work.flow.block) and group_of(node) == 1:
        values = values[:, : work.flow.channels.count(node.inputs[0])]
    operands = [work.store(node.inputs[1], values[:count])]
    if bias is not None:
        operands.append(bias if bias.shape[0] == count else work.store(bias, bias.values[:count]))
    steps = [Step("Conv", operands, _spoken("Conv", attrs, work.model.opset))]
    steps += [Step("Add", [work.tensor(added)])] if added is not None else []
    return steps + _activation(work, node)


def _activation(work: Work, node: gs.Node) -> list[Step]:
    """The activation of a convolution."""
    op, values = node.attrs.get("activation"), node.attrs.get("activation_params") or []
    if op is None or op in _WITHOUT:
        return [Step(op)] if op else []
    names = _PARAMETERS.get(op, ())
    if not names or len(values) != len(names):
        raise Unclear(f"Conv '{node.name}' has the activation {op}, which is not known")
    if op == "Clip" and work.model.opset >= _CLIP_OPERANDS_SINCE:
        pairs = zip(names, values, strict=True)
        return [Step(op, [work.numbers(f"{node.outputs[0].name}/{name}", value) for name, value in pairs])]
    return [Step(op, attrs=dict(zip(names, values, strict=True)))]


def _pool(work: Work, node: gs.Node) -> list[Step]:
    return [Step(node.op, attrs=_spoken(node.op, node.attrs, work.model.opset))]


def _upsample(work: Work, node: gs.Node) -> list[Step]:
    """Nearest positions are rounded down, as Upsample and the first Resize did."""
    scales, mode = [float(v) for v in node.attrs["scales"]], node.attrs.get("mode", "nearest")
    transform = node.attrs.get("coordinate_transformation_mode", "asymmetric")
    name, opset = node.outputs[0].name, work.model.opset
    if opset < _UPSAMPLE_OPERAND_SINCE or (opset < _TRANSFORM_SINCE and transform != "asymmetric"):
        raise Unclear(f"Upsample '{node.name}' has no equal in opset {opset}")
    factors = work.numbers(f"{name}/scales", scales)
    if opset < _TRANSFORM_SINCE:
        return [Step("Resize" if opset >= _RESIZE_SINCE else "Upsample", [factors], {"mode": mode})]
    attrs = {"mode": mode, "coordinate_transformation_mode": transform}
    attrs |= {"nearest_mode": "floor"} if mode == "nearest" else {}
    return [Step("Resize", [work.numbers(f"{name}/roi", []), factors], attrs)]


def _reorder_input(_: Work, node: gs.Node) -> list[Step]:
    return [Step("Transpose", attrs={"perm": FROM_LAST})] if is_last(node) else []


def _reorder_output(work: Work, node: gs.Node) -> list[Step]:
    work.flow.channels.count(node.inputs[0])  # says where it can't be so
    return [Step("Transpose", attrs={"perm": TO_LAST})] if is_last(node) else []


_BLOCKED: dict[str, Callable[[Work, gs.Node], list[Step]]] = {
    "Conv": _convolution,
    "ReorderInput": _reorder_input,
    "ReorderOutput": _reorder_output,
    "Upsample": _upsample,
    **dict.fromkeys("AveragePool GlobalAveragePool GlobalMaxPool MaxPool".split(), _pool),
}


def _spoken(op: str, attrs: Mapping[str, Any], opset: int) -> dict[str, Any]:
    """The attributes that an op has in an opset. Raises Unclear where another one is more than a default."""
    known = onnx.defs.get_schema(op, opset).attributes
    for name, value in attrs.items():
        if name not in known and not _is_default(value):
            raise Unclear(f"{op} has no attribute {name} in opset {opset}")
    return {name: value for name, value in attrs.items() if name in known}


def _is_default(value: object) -> bool:
    """Neither padded nor dilated nor counted otherwise."""
    return value in (0, "NOTSET") or (isinstance(value, list) and all(v == 1 for v in value))
