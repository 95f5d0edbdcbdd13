"""Layout: the same numbers under other axes."""

from collections.abc import Sequence

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.ops.runs import Size, runs
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec


@rule("Transpose")
def transpose(node: NodeView) -> Spec:
    """The rule is the permutation."""
    rank = node.rank()
    perm = node.attr("perm", list(range(rank))[::-1])
    return Spec(f"{axis_letters(rank)} -> " + " ".join(f"a{i}" for i in perm))


@rule("Squeeze")
def squeeze(node: NodeView) -> Spec:
    """Drops axes of size 1. Where it does not say which, no other axis may shrink to 1."""
    shape = node.shape(0)
    axes = node.ints(1, "axes")
    if axes is None and None in shape:
        raise Fenced(Reason("Squeeze without axes on an axis of unknown length", Ground.LENGTH))
    gone = [i for i, d in enumerate(shape) if d == 1] if axes is None else [node.axis(a) for a in axes]
    kept = [] if axes is not None else [i for i in range(len(shape)) if i not in gone]
    locked = {f"a{i}": "would go if it came down to one index, for Squeeze names no axes" for i in kept}
    before = " ".join("1" if i in gone else f"a{i}" for i in range(len(shape)))
    after = " ".join(f"a{i}" for i in range(len(shape)) if i not in gone)
    text = f"{before}, _ -> {after}" if node.inputs > 1 else f"{before} -> {after}"
    return Spec(text, locked=locked)


@rule("Unsqueeze")
def unsqueeze(node: NodeView) -> Spec:
    """Adds axes of size 1."""
    rank = node.rank()
    axes = node.ints(1, "axes") or []
    new = {node.axis(a, rank + len(axes)) for a in axes}
    old = iter(range(rank))
    after = " ".join("1" if i in new else f"a{next(old)}" for i in range(rank + len(axes)))
    before = axis_letters(rank)
    return Spec(f"{before}, _ -> {after}" if node.inputs > 1 else f"{before} -> {after}")


@rule("Flatten")
def flatten(node: NodeView) -> Spec:
    """Two products: the axes before `axis` and those from it on."""
    rank = node.rank()
    axis = node.axis(node.attr("axis", 1))
    names = axis_letters(rank).split()
    return Spec(f"{' '.join(names)} -> {_product(names[:axis])} {_product(names[axis:])}")


def _product(names: list[str]) -> str:
    return "1" if not names else names[0] if len(names) == 1 else f"({' '.join(names)})"


@rule("Reshape")
def reshape(node: NodeView) -> Spec:
    """Runs of axes whose lengths multiply to the same number are one product on both sides."""
    before, after = list(node.shape(0)), _made(node)
    build = _Runs([f"i{k}" for k in range(len(before))], after)
    for run_in, run_out in runs(*_symbolic(node, before, after)):
        build.add(run_in, run_out)
    return Spec(
        f"{' '.join(build.before)}, _ -> {' '.join(build.after)}",
        sizes=build.sizes,
        locked=node.computed(1, build.after),
        ties=tuple(build.ties),
        lengths=_stored_lengths(node, build.after, after),
    )


class _Runs:
    """Letters for both sides, run by run."""

    def __init__(self, before: list[str], lengths: list[int | None]) -> None:
        self.before = before
        self.lengths = lengths
        self.after = [""] * len(lengths)
        self.sizes: dict[str, int] = {}
        self.ties: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def add(self, run_in: list[int], run_out: list[int]) -> None:
        """Several axes into one are a product; one or several into several are two spellings of a product."""
        names = [self.before[k] for k in run_in]
        if len(run_out) == 1:
            self.after[run_out[0]] = _product(names)
            return
        made = [name for k in run_out if (name := self._make(k)) != "1"]
        self.ties.append((tuple(names), tuple(made)))

    def _make(self, k: int) -> str:
        size = self.lengths[k]
        name = self.after[k] = "1" if size == 1 else f"o{k}"
        if size is not None and size != 1:
            self.sizes[name] = size
        return name


def _made(node: NodeView) -> list[int | None]:
    """The output's shape; where inference does not know it, the target may."""
    target = node.value(1)
    if target is None:
        return list(node.out_shape())
    known = [None] * len(target) if node.node.outputs[0].shape is None else node.out_shape()
    return [int(v) if k is None and v > 0 else k for k, v in zip(known, target, strict=True)]


def _stored_lengths(node: NodeView, names: list[str], after: list[int | None]) -> tuple[Length, ...]:
    """As written in the target. A 0 copies the length of an axis that may not shrink with the one that it is for."""
    lengths = node.lengths(1, "shape", names)
    target = node.value(1)
    if target is None or node.attr("allowzero", 0):
        return lengths
    copied = [v == 0 and size is not None for v, size in zip(target, after, strict=True)]
    return (Length(1, tuple(n if c else old for n, c, old in zip(names, copied, lengths[0].axes, strict=True))),)


def _symbolic(node: NodeView, before: list[int | None], after: list[int | None]) -> tuple[list[Size], list[Size]]:
    """Lengths, with the model's own symbols where one is open."""
    left = _named(before, node.node.inputs[0].shape)
    right = _named(after, node.node.outputs[0].shape)
    target = node.value(1)
    if target is not None and not node.attr("allowzero", 0):
        for k in [k for k, v in enumerate(target) if v == 0 and k < len(left)]:
            left[k] = right[k] = f"same {k}" if left[k] is None else left[k]
    return left, right


def _named(sizes: list[int | None], shape: Sequence[Size] | None) -> list[Size]:
    raw = shape or [None] * len(sizes)
    return [r if d is None and isinstance(r, str) else d for d, r in zip(sizes, raw, strict=True)]
