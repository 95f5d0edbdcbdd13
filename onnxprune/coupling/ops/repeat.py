"""Repetition: a repeat is an axis (or factor) of its own."""

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Spec


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
    entries = node.shape(1)[0] or len(made)
    lengths = node.lengths(1, "", after[len(made) - entries :])
    return Spec(f"{' '.join(before)}, _ -> {' '.join(after)}", lengths=lengths)


@rule("Tile")
def tile(node: NodeView) -> Spec:
    """The whole axis is repeated, so the repeat is the major factor; the number of repeats is the model's."""
    rank = node.rank()
    repeats = node.ints(1)
    if repeats is None:
        raise Fenced("Tile without repeats")
    after = [f"a{i}" if r == 1 else f"(r{i} a{i})" for i, r in enumerate(repeats)]
    sizes = {f"r{i}": r for i, r in enumerate(repeats) if r != 1}
    locked = {name: "a repeat of Tile" for name in sizes}
    return Spec(f"{axis_letters(rank)}, _ -> {' '.join(after)}", sizes=sizes, locked=locked)


@rule("ConstantOfShape")
def constant_of_shape(node: NodeView) -> Spec:
    """A fill: every axis is free, and its length is in the operand."""
    rank = len(node.out_shape())
    names = axis_letters(rank)
    return Spec(f"_ -> {names}", lengths=node.lengths(0, "", names.split()))


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


@rule("RandomNormal", "RandomUniform", "Constant")
def source(node: NodeView) -> Spec:
    """No operands; every axis is locked."""
    return Spec(" -> *")


@rule("Shape")
def shape(node: NodeView) -> Spec:
    """Lengths that are read at run time must stay; which of them are read, the consumers tell."""
    rank = node.rank()
    read = _read(node, rank)
    locked = {f"a{i}": "its length is read by Shape" for i in read if node.shape(0)[i] is not None}
    return Spec(f"{axis_letters(rank)} -> *", locked=locked)


def _read(node: NodeView, rank: int) -> set[int]:
    """Axes whose length some consumer takes: all, unless every consumer picks entries by constant index or bounds."""
    window = range(rank)[node.attr("start", 0) : node.attr("end", rank)]
    read: set[int] = set()
    for consumer in node.node.outputs[0].outputs:
        picked = _picked(NodeView(consumer, node.opset), window)
        if picked is None:
            return set(window)
        read.update(picked)
    return read


def _picked(consumer: NodeView, window: range) -> list[int] | None:
    """The entries of a shape that a Gather or Slice takes."""
    if consumer.node.op == "Gather" and (index := consumer.value(1)) is not None:
        return [window[int(i)] for i in index.ravel()]
    if consumer.node.op == "Slice" and all(not consumer.given(i) or consumer.is_weight(i) for i in range(1, 5)):
        starts, ends, steps = (consumer.ints(1, "starts"), consumer.ints(2, "ends"), consumer.ints(4) or [1])
        return list(window[starts[0] : ends[0] : steps[0]]) if starts and ends else None
    return None


@rule("Size")
def size(node: NodeView) -> Spec:
    """The number of elements is read."""
    rank = node.rank()
    return Spec(f"{axis_letters(rank)} ->", locked={f"a{i}": "counted by Size" for i in range(rank)})
