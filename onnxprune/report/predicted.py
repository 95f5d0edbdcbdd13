"""What a layer's zeros gain with sparse kernels, by times that are kept on this machine, else by constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer
from onnxprune.coupling.masks import ALL
from onnxprune.graph import Linear, packed_of
from onnxprune.pruning.placing import INT8, OP, PROVIDER, is_convolution, is_product, linear_of
from onnxprune.sparse import Pattern, Speed, Speeds, covered
from onnxprune.sparse.constants import guessed

GUESSES = tuple(Pattern.parse(text) for text in ("64x1", "32x1", "16x1", "8x1", "4x1", "unstructured"))


@dataclass(frozen=True, slots=True)
class Predicted:
    """rows: vectors that a layer reads in one call; gain: how many times as fast as dense, by the pattern that gains
    most; timed: whether kernels were timed for such a layer, or it is guessed"""

    rows: int
    gain: float
    timed: bool


@dataclass
class Gains:
    """Of the layers of one model. shapes: of tensors that are open in it"""

    shapes: Mapping[str, Sequence[int]]
    times: dict[str, Speeds] = field(default_factory=lambda: {door: Speeds(door) for door in (OP, INT8, PROVIDER)})

    def of_layer(self, layer: Layer, weight: np.ndarray) -> Predicted | None:
        """Of a weight [outputs, inputs] with zeros, in a session with the provider, or else if it were packed; None
        where no kernel takes it."""
        if not is_product(layer) and not is_convolution(layer):
            return None
        return self._of([linear_of(layer, ALL, self.shapes)], weight, (PROVIDER, OP))

    def of_node(self, node: gs.Node, weight: np.ndarray) -> Predicted | None:
        """Of a SparseMatMul node, which says no more whether it was a MatMul or a Gemm."""
        known = self.shapes.get(str(node.inputs[0].name)) or node.inputs[0].shape
        if not known:
            return None
        data = tuple(length if isinstance(length, int) else 1 for length in known)
        biased = len(node.inputs) > 5 and not node.inputs[5].is_empty()
        doors = (INT8,) if packed_of(node).scales is not None else (OP, PROVIDER)
        return self._of([Linear(op, data, len(weight), biased) for op in ("MatMul", "Gemm")], weight, doors)

    def _of(self, linears: list[Linear], weight: np.ndarray, doors: tuple[str, ...]) -> Predicted | None:
        """By the first of some doors through which such a layer was timed."""
        if not (weight == 0).any():
            return None
        known = (self.times[door].seen(linear) for door in doors if not self.times[door].why_not for linear in linears)
        seen = next((speed for speed in known if speed is not None), None)
        speed = seen or guessed(linears[0], list(GUESSES))
        gains = _gains(speed, weight)
        return Predicted(speed.rows, round(max(gains), 3), seen is not None) if gains else None


def _gains(speed: Speed, weight: np.ndarray) -> list[float]:
    shares = {pattern: covered(weight, Pattern.parse(pattern)) for pattern in speed.points}
    return [speed.gain(Pattern.parse(pattern), share) for pattern, share in shares.items() if share > 0]
