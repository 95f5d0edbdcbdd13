"""What a node's time may come from, told by the shapes of what it reads and makes.

Every feature is a sum of products of axes. A node's time is a combination of them with factors that are not negative
(Williams et al. 2009, the roofline: arithmetic, and elements moved), which measurements decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from onnxprune.budget.monomial import Counting
from onnxprune.runtime import NodeTime

CONVOLUTIONS = frozenset({"Conv", "FusedConv", "NhwcFusedConv", "QLinearConv", "ConvInteger", "ConvTranspose"})
PRODUCTS = frozenset({"MatMul", "FusedMatMul", "Gemm", "FusedGemm", "MatMulInteger", "QLinearMatMul", "QGemm"})
RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})
ATTENTION = frozenset({"Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention"})


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of one of a node's inputs or outputs, and what of its length counts."""

    made: bool
    operand: int
    axis: int
    counting: Counting = Counting.LENGTH

    def of(self, node: NodeTime) -> int:
        """Its length. Raises IndexError where the node has no such axis."""
        return (node.outputs if self.made else node.inputs)[self.operand][self.axis]


Product = tuple[Axis, ...]


def features(node: NodeTime) -> list[list[Product]]:
    """Sums of products of axes: one, elements of computed operands, of weights, multiplications.

    Multiplications count three times: as they are, with channels in whole blocks, and where channels break a block.
    """
    arithmetic = _multiplications(node)
    found: list[list[Product]] = [[()], _moved(node, arithmetic=bool(arithmetic))]
    if not arithmetic:
        return found
    *places, channels, inner = arithmetic[0]
    found += [[(channels, inner)], arithmetic]
    found.append([(*places, inner, replace(channels, counting=Counting.BLOCKS))])
    found.append([(*places, inner, channels, replace(channels, counting=Counting.BROKEN))])
    return found


def value(feature: list[Product], node: NodeTime) -> float:
    """A feature of a node at the shapes that were seen."""
    return float(sum(math.prod(axis.counting.of(axis.of(node)) for axis in product) for product in feature))


def axes(feature: list[Product]) -> Iterator[Axis]:
    """All axes that a feature is made of."""
    for product in feature:
        yield from product


def _multiplications(node: NodeTime) -> list[Product]:
    """Products of axes that multiplications grow with, the channels that are made and those that are read at the end.

    Stored operands may miss from the shapes, for kernels keep them in a layout of their own: none is looked at.
    """
    if not node.outputs or not node.inputs or len(node.outputs[0]) < 2 or len(node.inputs[0]) < 2:
        return []
    made, read = _all(node, True, 0), _all(node, False, 0)
    if node.op in CONVOLUTIONS:
        depthwise = len(node.inputs) > 1 and node.inputs[1][1:2] == (1,)
        inner = Axis(False, 1, 1) if depthwise else read[1]
        return [(made[0], *made[2:], made[1], inner)]
    if node.op in PRODUCTS | ATTENTION:
        return [(*made, read[-1])]
    if node.op in RECURRENT:
        return [(*made, read[-1]), (*made, made[-1])]
    return []


def _moved(node: NodeTime, *, arithmetic: bool) -> list[Product]:
    """Elements that are read and written, but for weights."""
    made = [_all(node, True, k) for k in range(len(node.outputs))]
    read = [_all(node, False, k) for k in range(len(node.inputs)) if k == 0 or not arithmetic or node.op in ATTENTION]
    return [product for product in made + read if product]


def _all(node: NodeTime, made: bool, operand: int) -> Product:
    return tuple(Axis(made, operand, k) for k in range(len((node.outputs if made else node.inputs)[operand])))
