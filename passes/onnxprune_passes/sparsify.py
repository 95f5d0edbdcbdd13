"""Zeros in the weights of linear layers, in patterns that sparse kernels are made for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import Analysis
from onnxprune.errors import InputError
from onnxprune.pruning import LayerPass
from onnxprune.pruning.passes import is_matrix
from onnxprune.pruning.plan import LARGEST_WRAP
from onnxprune.sparse import FINE_TO_COARSE, FINE_TO_COARSE_INT8, Pattern, Wanted, Worth, check_values
from onnxprune.sparse import get as method_of

Tensors = Callable[[gs.Node], Iterable[gs.Tensor]]

SPARSITY = 0.5
"""Where nothing is said."""

SHARES = ("even", "errors")

WHERE = ("faster", "all")

AUTO = "auto"

WRAP = 8
"""Blocks that the kernels take as they are, and cost about a twentieth of a layer of 768 x 768."""


@dataclass(frozen=True)
class Sparsify(LayerPass):
    """Put zeros into the weights of linear layers: `pattern` of them, a fraction `sparsity` of each.

    sparsity: None: half, or as much as a target in time or a limit of loss takes; method: what decides where, and what
    the weights that stay become ("": alps with data, magnitude without); refit: whether those that stay are solved for
    once more, where the model is repaired; share: "even", or by the "errors" that zeros make on data, as many in all;
    order: whether units change places, with all that is coupled to them, so that like ones share blocks; ends: whether
    layers that read the model's inputs or make its outputs are taken too; least: weights smaller than this many numbers
    stay as they are; where: "all", or where that makes them "faster" on this machine ("": faster, if the result runs
    with sparse kernels); min_gain: how many times as fast that has to be; pattern "auto": of 4x1, 8x1, 16x1 and 32x1
    the first that is so fast, with int8 of 4x1, 4x4, 8x4, 16x4 and 32x4; values: "float32", or "int8" where they are
    packed (--sparse-format op); wrap: the size of the blocks of the matrices that method=armor puts in front
    of weights and behind them (0: 8)
    """

    name: ClassVar[str] = "sparsify"
    exact: ClassVar[bool] = False

    pattern: str = "16x1"
    sparsity: float | None = None
    method: str = ""
    refit: bool = True
    share: str = "errors"
    order: bool = True
    ends: bool = False
    least: int = 4096
    where: str = ""
    min_gain: float = 1.1
    values: str = "float32"
    wrap: int = 0

    def __post_init__(self) -> None:
        fixed = self._patterns()[0].sparsity
        self.fits(None)
        if self.sparsity is not None and not 0 < self.sparsity < 1:
            raise InputError(f"pass sparsify: sparsity must lie between 0 and 1, not {self.sparsity:g}")
        if fixed is not None and self.sparsity is not None and abs(self.sparsity - fixed) > 1e-3:
            raise InputError(f"pass sparsify: {self.pattern} has {fixed:.0%} zeros, so sparsity can't be another")
        if self.share not in SHARES:
            raise InputError(f"pass sparsify: share is one of {', '.join(SHARES)}, not '{self.share}'")
        self._check_method()
        self._check_place()

    def _check_method(self) -> None:
        if self.method:
            method_of(self.method)
        wraps = bool(self.method) and method_of(self.method).wraps
        if self.wrap and not wraps:
            raise InputError(f"pass sparsify: wrap={self.wrap} is an option of method=armor")
        if self.wrap and not 2 <= self.wrap <= LARGEST_WRAP:
            raise InputError(f"pass sparsify: wrap must lie between 2 and {LARGEST_WRAP}, not {self.wrap}")

    def _check_place(self) -> None:
        if self.where not in ("", *WHERE):
            raise InputError(f"pass sparsify: where is one of {', '.join(WHERE)}, not '{self.where}'")
        if not 0 < self.min_gain < math.inf:
            raise InputError(f"pass sparsify: min_gain must be a number above 0, not {self.min_gain:g}")
        if self.where == "all" and self.pattern == AUTO:
            raise InputError("pass sparsify: pattern=auto looks for what is faster, so where can't be 'all'")

    def _patterns(self) -> tuple[Pattern, ...]:
        if self.pattern != AUTO:
            return (Pattern.parse(self.pattern),)
        return FINE_TO_COARSE_INT8 if self.values == "int8" else FINE_TO_COARSE

    def select(self, analysis: Analysis) -> Iterable[Layer]:
        """Products and convolutions with a weight of their own that isn't small."""
        found = [layer for layer in layers(analysis) if self._takes(layer)]
        ends = set() if self.ends else _ends(analysis)
        return (layer for layer in found if id(layer.node) not in ends)

    def _takes(self, layer: Layer) -> bool:
        if layer.shares or layer.groups > 1 or layer.node.op == "ConvTranspose":
            return False
        return int(layer.stored.values.size) >= self.least

    def wanted(self, given: bool) -> Wanted:
        """What becomes of each layer."""
        pattern = self._patterns()[0]
        sparsity = pattern.sparsity if pattern.sparsity is not None else self.sparsity or SPARSITY
        method = self.method or ("alps" if given else "magnitude")
        wrap = (self.wrap or WRAP) if method_of(method).wraps else 0
        return Wanted(pattern, sparsity, method, self.refit, values=self.values, wrap=wrap)

    def fits(self, form: str | None) -> None:
        try:
            check_values(self.values, self._patterns()[0], form)
        except InputError as error:
            raise InputError(f"pass sparsify: {error}") from None

    def worth(self, bound: bool) -> Worth | None:
        faster = self.where == "faster" or self.pattern == AUTO or (not self.where and bound)
        return Worth(self.min_gain, self._patterns()) if faster else None

    def free(self) -> bool:
        return self.sparsity is None

    def reorders(self) -> bool:
        return self.order

    def spread(self) -> bool:
        return self.share == "errors"


def _ends(analysis: Analysis) -> set[int]:
    """Nodes with a stored matrix, by id(), that have no other one before them, or none behind them."""
    nodes = analysis.graph.nodes
    learned = {id(b.node) for b in analysis.bindings if (b.spec.macs or b.node.op == "Gather") and _has_matrix(b.node)}
    led = _reached(nodes, learned, lambda node: node.inputs, lambda node: node.outputs)
    leading = _reached(reversed(nodes), learned, lambda node: node.outputs, lambda node: node.inputs)
    return learned - (led & leading)


def _has_matrix(node: gs.Node) -> bool:
    return any(isinstance(tensor, gs.Constant) and is_matrix(tensor) for tensor in node.inputs)


def _reached(nodes: Iterable[gs.Node], sources: set[int], near: Tensors, far: Tensors) -> set[int]:
    """Nodes, by id(), in an order in which sources come first, that some source is on the way to."""
    marked: set[int] = set()
    found: set[int] = set()
    for node in nodes:
        reached = any(id(tensor) in marked for tensor in near(node))
        if reached:
            found.add(id(node))
        if reached or id(node) in sources:
            marked |= {id(tensor) for tensor in far(node)}
    return found
