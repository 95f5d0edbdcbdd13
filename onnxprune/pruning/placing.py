"""Which layers become sparse on this machine: those that the kernels make faster, at the widths that they have left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import Analysis
from onnxprune.coupling.masks import Keep
from onnxprune.graph import Linear
from onnxprune.progress import Progress, counted
from onnxprune.pruning.options import Options
from onnxprune.pruning.sparsifying import Left, Sparse
from onnxprune.rewrite import sides
from onnxprune.sparse import GUESSED, Speeds, Wanted, fastest, placed

Shapes = Mapping[str, Sequence[int]]

OP, INT8, PROVIDER = "op", "int8", "provider"

NONE_WINS = "no weight is made sparse: no layer would be so much faster on this machine (where=all takes them anyway)"


@dataclass
class Doors:
    """The ways in which sparse layers reach a kernel: op: as nodes, in the file; provider: as zeros, in a session.

    packed: whether products are written as nodes; taken: whether sessions have the provider, so that it takes what
    isn't; times: of layers, by the door they go through
    """

    packed: bool
    taken: bool
    times: dict[str, Speeds] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Options, tell: Progress) -> Doors:
        """As a run's options have it; zeros in a file are for the provider, whatever the run itself measures with."""
        packed = options.sparse_format == "op"
        times = {door: Speeds(door, options.threads, tell=tell) for door in (OP, INT8, PROVIDER)}
        return cls(packed, not packed or options.provider == "sparse", times)

    def take(self, layer: Layer, values: str = "float32") -> Speeds | None:
        """What times a layer with values of this type; None where no kernel takes it."""
        if not is_product(layer) and not is_convolution(layer):
            return None
        if self.packed and is_product(layer):
            return self.times[INT8 if values == "int8" else OP]
        return self.times[PROVIDER] if self.taken else None

    @cached_property
    def why_not(self) -> str:
        """Why nothing can be timed, as the end of a sentence; "" if it can."""
        return self.times[OP if self.packed else PROVIDER].why_not

    @property
    def why_guessed(self) -> str:
        """The same as a sentence."""
        return GUESSED + self.why_not if self.why_not else ""


def place(analysis: Analysis, sparse: Sparse, keep: Keep, shapes: Shapes, doors: Doors, tell: Progress) -> list[str]:
    """Leave those layers dense that are to be sparse only where that is faster, and aren't; in place.

    keep: what stays of the analysed model; shapes: of tensors that are open in it. Returns sentences for the user.
    """
    found = [layer for layer in layers(analysis) if layer.name in sparse.worth and layer.name in sparse.wanted]
    if not found:
        return []
    tell("timing sparse layers")
    for number, layer in enumerate(found):
        tell(counted("timing sparse layer", number, len(found)))
        want = sparse.wanted[layer.name]
        _place(layer, sparse, wrapped(layer, linear_of(layer, keep, shapes), want), doors.take(layer, want.values))
    guessed = [doors.why_guessed] if doors.why_guessed else []
    return guessed if sparse else [*guessed, NONE_WINS]


def _place(layer: Layer, sparse: Sparse, linear: Linear, kernels: Speeds | None) -> None:
    name = layer.name
    want, worth = sparse.wanted[name], sparse.worth[name]
    if kernels is None:
        sparse.leave(name, Left(_no_kernel(layer), want, linear.rows))
        return
    speed = sparse.speeds[name] = kernels.of(linear, worth.patterns)
    taken = placed(want, worth, speed)
    if taken is not None:
        sparse.wanted[name] = taken
        return
    best = fastest(want, worth, speed)
    gain = speed.gain(best.pattern, best.sparsity)
    sparse.leave(name, Left(f"{gain:.2f} times as fast, where {worth.gain:g} is asked for", best, linear.rows))


def linear_of(layer: Layer, keep: Keep, shapes: Shapes) -> Linear:
    """The layer's shapes with what stays of it; lengths that nobody knows count as 1."""
    node, data = layer.node, layer.data
    terms = layer.binding.inputs[layer.place] or ()
    known = shapes.get(str(data.name)) or data.shape or ()
    open_ = [d if isinstance(d, int) else 1 for d in known] + [1] * len(terms)
    read = tuple(open_[axis] if term.size is None else keep.kept(term) for axis, term in enumerate(terms))
    behind = node.outputs[0].outputs
    kernel: tuple[int, ...] = ()
    if node.op == "Conv" and any(length > 1 for length in layer.kernel):
        kernel, read = tuple(layer.kernel), (*read[:2], *_pixels(layer, read[2:]))
    added = len(behind) == 1 and behind[0].op == "Add" and any(_is_vector(tensor) for tensor in behind[0].inputs)
    return Linear(node.op, read, keep.kept(layer.made), len(node.inputs) > 2 or (node.op == "MatMul" and added), kernel)


def wrapped(layer: Layer, linear: Linear, want: Wanted) -> Linear:
    """Its shapes with the blocks that there will be around it at the most."""
    outer, inner = sides(layer, linear.outputs, linear.channels, want.wrap)
    return replace(linear, outer=outer, inner=inner)


def _pixels(layer: Layer, read: Sequence[int]) -> tuple[int, ...]:
    """Lengths of the image that a convolution makes of one that it reads."""
    attrs, axes = layer.node.attrs, len(read)
    steps, gaps = attrs.get("strides") or [1] * axes, attrs.get("dilations") or [1] * axes
    pads = attrs.get("pads") or [0] * (2 * axes)
    reach = [(length - 1) * gap + 1 for length, gap in zip(layer.kernel, gaps, strict=True)]
    return tuple(max(1, (read[i] + pads[i] + pads[axes + i] - reach[i]) // steps[i] + 1) for i in range(axes))


def _is_vector(tensor: gs.Tensor) -> bool:
    return isinstance(tensor, gs.Constant) and len(tensor.shape) == 1


def is_product(layer: Layer) -> bool:
    """Whether it is a product that there are kernels for."""
    return layer.node.op in ("MatMul", "Gemm") and layer.place == 0 and layer.stored.dtype == np.float32


def is_convolution(layer: Layer) -> bool:
    """Whether it is a convolution that the provider takes: of one axis or two, every channel with every other."""
    attrs = layer.node.attrs
    explicit = attrs.get("auto_pad", "NOTSET") == "NOTSET" and min(attrs.get("pads") or [0]) >= 0
    fits = explicit and len(layer.kernel) in (1, 2) and layer.groups == 1
    return layer.node.op == "Conv" and fits and layer.stored.dtype == np.float32


def _no_kernel(layer: Layer) -> str:
    if is_convolution(layer):
        return "only the provider takes convolutions (--provider sparse)"
    if layer.stored.dtype != np.float32:
        return "kernels take numbers of type float32 only"
    return f"no kernel takes this {layer.node.op}"
