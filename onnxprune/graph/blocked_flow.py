"""Following the blocks of channels that ONNX Runtime's optimiser laid out through a graph.

Most nodes that take part are of a domain of their own; but where all operands are in blocks, the optimiser lets
ordinary ops run on them: what goes element by element, and Concat. Operands of an Add whose shapes it can't tell to be
the same are reshaped first, so that a block is an axis of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.blocked_channels import Channels
from onnxprune.graph.blocked_nodes import BLOCKED_DOMAIN, given, group_of, is_depthwise, outside, takes_blocks
from onnxprune.graph.blocked_weights import Unclear, unblocked, used
from onnxprune.graph.ir import bodies_of
from onnxprune.graph.model import Model, graphs

SINGLE = frozenset(
    "Abs Ceil Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg QuickGelu Relu Round "
    "Selu Sigmoid Softplus Softsign Sqrt Tanh ThresholdedRelu".split()
)
SEVERAL = frozenset("Add Div Max Mean Min Mul Sub Sum".split())
_ORDINARY = ("", "ai.onnx", "com.microsoft")


class Flow:
    """What was found.

    channels: the tensors in blocks; nodes: by id, those that make or read them; weights: plain ones, by id of the
    stored one and whether inputs were in blocks
    """

    def __init__(self, block: int) -> None:
        self.block = block
        self.channels = Channels(block)
        self.nodes: dict[int, gs.Node] = {}
        self.weights: dict[tuple[int, bool], np.ndarray] = {}

    def visit(self, node: gs.Node) -> None:
        """Take in a node; the ones that make its operands came before. Raises Unclear for one that is not known."""
        blocked = node.domain == BLOCKED_DOMAIN
        if not blocked and not any(t in self.channels for t in node.inputs):
            return
        handler = _BLOCKED.get(node.op) if blocked else _plain(node)
        if handler is None or bodies_of(node):
            raise Unclear(f"{node.op} '{node.name}' is not known to run on blocks of channels")
        self.nodes[id(node)] = node
        handler(self, node)

    def weight(self, node: gs.Node) -> np.ndarray:
        """The plain weight [O, I, H, W] of a convolution, filled up with zeros."""
        stored, inputs = node.inputs[1], takes_blocks(node, self.block) and not is_depthwise(node)
        if (id(stored), inputs) not in self.weights:
            self.weights[id(stored), inputs] = unblocked(stored.values, self.block, inputs=inputs)
        return self.weights[id(stored), inputs]


def follow(model: Model, block: int) -> Flow:
    """Follow blocks of `block` channels through a model. Raises Unclear where they lead to what is not known."""
    flow = Flow(block)
    for graph in graphs(model):
        for node in graph.nodes:
            flow.visit(node)
        for tensor in graph.outputs:
            if tensor in flow.channels:
                raise Unclear(f"the output '{tensor.name}' is in blocks of channels")
    return flow


def _convolution(flow: Flow, node: gs.Node) -> None:
    weight, bias, added = node.inputs[1], given(node, 2), given(node, 3)
    if not isinstance(weight, gs.Constant) or len(weight.shape) != 4 or not isinstance(bias, gs.Constant | None):
        raise Unclear(f"Conv '{node.name}' has no stored weight of a picture")
    values, (out,) = flow.weight(node), node.outputs
    flow.channels.add(out)
    flow.channels.hold(
        out, len(values), used(values, 0) if bias is None else max(used(values, 0), used(bias.values, 0))
    )
    if added is not None:
        flow.channels.join(out, added)
    if is_depthwise(node):
        flow.channels.join(out, node.inputs[0])
    elif group_of(node) > 1:
        flow.channels.tell(out, len(values))
        flow.channels.tell(node.inputs[0], values.shape[1] * group_of(node))
    elif takes_blocks(node, flow.block):
        flow.channels.hold(node.inputs[0], values.shape[1], used(values, 1))
    elif node.inputs[0] in flow.channels:
        raise Unclear(f"Conv '{node.name}' reads fewer channels than a block has, in a block")


def _alike(flow: Flow, node: gs.Node) -> None:
    """One operand and one output, with the same channels."""
    flow.channels.add(node.outputs[0])
    flow.channels.join(node.outputs[0], node.inputs[0])
    if any(not isinstance(t, gs.Constant) and not t.is_empty() for t in node.inputs[1:]):
        raise Unclear(f"{node.op} '{node.name}' has a computed operand")


def _reorder_input(flow: Flow, node: gs.Node) -> None:
    (plain,), (out,) = node.inputs, node.outputs
    if plain in flow.channels:
        raise Unclear(f"ReorderInput '{node.name}' reads what is in blocks already")
    flow.channels.add(out)
    count = outside(node, plain)
    if count is not None:
        flow.channels.tell(out, count)


def _reorder_output(flow: Flow, node: gs.Node) -> None:
    flow.channels.tell(node.inputs[0], int(node.attrs.get("channels", 0)))


def _several(flow: Flow, node: gs.Node) -> None:
    """Operands in blocks, or numbers."""
    flow.channels.add(node.outputs[0])
    for tensor in node.inputs:
        if not isinstance(tensor, gs.Constant) or tensor.values.size != 1:
            flow.channels.join(node.outputs[0], tensor)


def _concat(flow: Flow, node: gs.Node) -> None:
    """Whole blocks, one behind the other."""
    if node.attrs.get("axis") != 1:
        raise Unclear(f"Concat '{node.name}' joins blocks along another axis than that of channels")
    flow.channels.add(node.outputs[0])
    flow.channels.tell(node.outputs[0], sum(flow.channels.fill(t) for t in node.inputs))


def _reshape(flow: Flow, node: gs.Node) -> None:
    _alike(flow, node)
    target = [int(v) for v in node.inputs[1].values]
    whole = target[:1] + target[2:4] == [0, 0, 0] and target[4:] in ([], [flow.block])
    if not whole or node.attrs.get("allowzero", 0):
        raise Unclear(f"Reshape '{node.name}' moves more than blocks of channels")


Handler = Callable[[Flow, gs.Node], None]

_BLOCKED: dict[str, Handler] = {
    "Conv": _convolution,
    "ReorderInput": _reorder_input,
    "ReorderOutput": _reorder_output,
    **dict.fromkeys("AveragePool GlobalAveragePool GlobalMaxPool MaxPool Upsample".split(), _alike),
}


def _plain(node: gs.Node) -> Handler | None:
    if (node.domain or "") not in _ORDINARY or len(node.outputs) != 1:
        return None
    if node.op in SINGLE:
        return _alike
    others: dict[str, Handler] = {**dict.fromkeys(SEVERAL, _several), "Concat": _concat, "Reshape": _reshape}
    return others.get(node.op)
