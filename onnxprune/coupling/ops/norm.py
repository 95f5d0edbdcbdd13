"""Normalisations. What is averaged over can't lose a unit without changing the rest, so it is inexact; sums can."""

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Length, Spec

OVER = "normalised over"


@rule("BatchNormalization")
def batch(node: NodeView) -> Spec:
    """Stored averages: every channel is on its own."""
    text = "n c ..., c, c, c, c -> n c ..., c, c, c, c"
    if node.attr("training_mode", 0):
        return Spec(text, locked={"n": "averaged over by BatchNormalization in training", "...": OVER})
    return Spec(text)


@rule("InstanceNormalization")
def instance(node: NodeView) -> Spec:
    """Averages over space for every channel."""
    rest = " ".join(f"s{i}" for i in range(node.rank() - 2))
    return Spec(f"n c {rest}, c, c -> n c {rest}", inexact={f"s{i}": OVER for i in range(node.rank() - 2)})


@rule("LayerNormalization", "RMSNormalization")
def layer(node: NodeView) -> Spec:
    """Averages over all axes from `axis` on; scale and bias have (or broadcast to) their shape."""
    rank = node.rank()
    first = node.axis(node.attr("axis", -1))
    run = axis_letters(rank)
    tail = ", ".join(_affine(node, i, rank) if node.given(i) else "_" for i in range(1, node.inputs))
    reduced = " ".join(f"a{i}" if i < first else "1" for i in range(rank))
    made = ", ".join([run, reduced, reduced][: node.outputs])
    return Spec(f"{run}, {tail} -> {made}", inexact={f"a{i}": OVER for i in range(first, rank)})


def _affine(node: NodeView, i: int, rank: int) -> str:
    shape = node.shape(i)
    offset = rank - len(shape)
    return " ".join("1" if d == 1 else f"a{offset + j}" for j, d in enumerate(shape)) or "*"


@rule("GroupNormalization", since=21)
def group(node: NodeView) -> Spec:
    """Averages over a group's channels and space; whole groups may go. (The form before opset 21 is deprecated.)"""
    groups = int(node.attr("num_groups"))
    rest = " ".join(f"s{i}" for i in range(node.rank() - 2))
    inexact = {"c": OVER} | {f"s{i}": OVER for i in range(node.rank() - 2)}
    lengths = (Length("num_groups", ("g",)),)
    return Spec(
        f"n (g c) {rest}, (g c), (g c) -> n (g c) {rest}", sizes={"g": groups}, inexact=inexact, lengths=lengths
    )


@rule("LpNormalization")
def by_norm(node: NodeView) -> Spec:
    """Divides by a sum (of magnitudes, or of squares), which zeros don't change."""
    run = axis_letters(node.rank())
    return Spec(f"{run} -> {run}", reduced=(f"a{node.axis(node.attr('axis', -1))}",))


@rule("MeanVarianceNormalization")
def by_moments(node: NodeView) -> Spec:
    """Averages over some axes."""
    run = axis_letters(node.rank())
    axes = node.attr("axes", [0, 2, 3])
    return Spec(f"{run} -> {run}", inexact={f"a{node.axis(a)}": OVER for a in axes})
