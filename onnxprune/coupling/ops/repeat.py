"""Repetition: a repeat is an axis (or factor) of its own."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec


@rule("Expand")
def expand(node: NodeView) -> Spec:
    """Axes of size 1 become axes of any length; the target holds every axis's length."""
    rank, made = node.rank(), node.out_shape()
    offset = len(made) - rank
    before, after = [], []
    for k, size in enumerate(made):
        grown = k < offset or (node.shape(0)[k - offset] == 1 and size != 1)
        after.append(f"r{k}" if grown else f"a{k}")
        if k >= offset:
            before.append("1" if grown else f"a{k}")
    entries = node.shape(1)[0]
    if entries is None:
        raise Fenced(Reason("Expand to a target of unknown length", Ground.RANK))
    names = after[len(made) - entries :]
    text = f"{' '.join(before)}, _ -> {' '.join(after)}"
    return Spec(text, lengths=node.lengths(1, "", names), locked=node.computed(1, names))


@rule("Tile")
def tile(node: NodeView) -> Spec:
    """The whole axis is repeated, so the repeat is the major factor; how often is in the operand."""
    repeats = node.ints(1)
    if repeats is None or min(repeats, default=1) < 1:
        raise Fenced("Tile to nothing, or without repeats")
    after = [f"a{i}" if r == 1 else f"(r{i} a{i})" for i, r in enumerate(repeats)]
    sizes = {f"r{i}": r for i, r in enumerate(repeats) if r != 1}
    lengths = (Length(1, tuple(f"r{i}" if r != 1 else None for i, r in enumerate(repeats))),)
    return Spec(f"{axis_letters(node.rank())}, _ -> {' '.join(after)}", sizes=sizes, lengths=lengths)


@rule("ConstantOfShape")
def constant_of_shape(node: NodeView) -> Spec:
    """A fill: every axis is free, and its length is in the operand."""
    rank = len(node.out_shape())
    names = axis_letters(rank).split()
    return Spec(f"_ -> {' '.join(names)}", lengths=node.lengths(0, "", names), locked=node.computed(0, names))


@rule("EyeLike")
def eye_like(node: NodeView) -> Spec:
    """The diagonal ties both axes by index."""
    why = "the diagonal of EyeLike"
    return Spec("m n -> m n", locked={"m": why, "n": why})


@rule("Range")
def range_(node: NodeView) -> Spec:
    """Counts along its only axis."""
    return Spec("_, _, _ -> *")


@rule("RandomNormalLike", "RandomUniformLike", "Bernoulli")
def random_like(node: NodeView) -> Spec:
    """Numbers drawn in the operand's shape: fewer would be other numbers."""
    run = axis_letters(node.rank())
    why = "drawn at random"
    return Spec(f"{run} -> {run}", locked={f"a{i}": why for i in range(node.rank())})


@rule("Multinomial")
def multinomial(node: NodeView) -> Spec:
    """Classes drawn for every entry of the batch: fewer would be other draws."""
    return Spec("b c -> b s", locked=dict.fromkeys("bcs", "drawn at random"))


@rule("RandomNormal", "RandomUniform", "Constant")
def source(node: NodeView) -> Spec:
    """No operands; every axis is locked."""
    return Spec(" -> *")
