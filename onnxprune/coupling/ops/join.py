"""Concatenation and its inverses: Concat, Split, Slice."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec


def at(rank: int, axis: int, text: str) -> str:
    """`a0 a1 ...` with `text` in the place of one axis."""
    return " ".join(text if i == axis else f"a{i}" for i in range(rank))


@rule("Concat")
def concat(node: NodeView) -> Spec:
    """The axis is the sum of the operands' axes."""
    rank = len(node.out_shape())
    axis = node.axis(node.attr("axis", 1), rank)
    parts = [f"c{i}" for i in range(node.inputs)]
    made = f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
    return Spec(", ".join(at(rank, axis, p) for p in parts) + " -> " + at(rank, axis, made))


@rule("Split")
def split(node: NodeView) -> Spec:
    """The operand's axis is the sum of the outputs' axes."""
    rank = node.rank()
    axis = node.axis(node.attr("axis", 0))
    if node.shape(0)[axis] is None:
        return _split_open(node, rank, axis)
    sizes = _split_sizes(node, axis)
    parts = tuple(f"c{i}" for i in range(node.outputs))
    lengths: tuple[Length, ...] = ()
    if node.given(1) or node.attr("split") is not None:
        lengths = (Length(1 if node.given(1) else "split", parts),)
    elif len(set(sizes)) == 1:
        parts = ("c0",) * node.outputs  # nothing says how long they are but that they are equal
    else:
        raise Fenced("Split into unequal parts whose lengths are written nowhere")
    whole = f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
    before = at(rank, axis, whole) + (", _" if node.inputs > 1 else "")
    after = ", ".join(at(rank, axis, p) for p in parts)
    return Spec(f"{before} -> {after}", sizes=dict(zip(parts, sizes, strict=True)), lengths=lengths)


def _split_sizes(node: NodeView, axis: int) -> list[int]:
    sizes = node.ints(1, "split")
    if sizes is not None:
        return sizes
    whole = node.shape(0)[axis] or 0
    chunk = -(-whole // node.outputs)
    return [min(chunk, whole - i * chunk) for i in range(node.outputs)]


def _split_open(node: NodeView, rank: int, axis: int) -> Spec:
    """An axis of open length has no units; the others pass."""
    parts = [f"c{i}" for i in range(node.outputs)]
    before = at(rank, axis, "w") + (", _" if node.inputs > 1 else "")
    why = Reason("split, with a length that is known only at run time", Ground.LENGTH)
    return Spec(f"{before} -> {', '.join(at(rank, axis, p) for p in parts)}", locked=dict.fromkeys(["w", *parts], why))


@rule("Slice")
def slice_(node: NodeView) -> Spec:
    """A run of an axis is cut out as a segment; every k-th index is one digit of a product."""
    rank = node.rank()
    starts, ends = node.ints(1, "starts"), node.ints(2, "ends")
    if starts is None or ends is None:
        raise Fenced("a slice without bounds")
    axes = [node.axis(a) for a in node.ints(3, "axes") or range(len(starts))]
    steps = node.ints(4) or [1] * len(starts)
    build = _Slices(node, rank)
    for entry, axis in enumerate(axes):
        build.add(entry, axis, starts[entry], ends[entry], steps[entry])
    return build.spec()


class _Slices:
    def __init__(self, node: NodeView, rank: int) -> None:
        self.node = node
        self.before = axis_letters(rank).split()
        self.after = list(self.before)
        self.sizes: dict[str, int] = {}
        self.locked: dict[str, str] = {}
        self.starts: dict[int, str] = {}
        self.ends: dict[int, str] = {}

    def add(self, entry: int, axis: int, start: int, end: int, step: int) -> None:
        size = self.node.shape(0)[axis]
        if size is None:
            self._opaque(axis, "sliced, with a length that is known only at run time")
            return
        first, last = (min(max(v + size if v < 0 else v, 0), size) for v in (start, end))
        if step == 1 and first < last:
            self._run(entry, axis, size, first, last)
        elif step > 1 and size % step == 0 and first < step and last > size - step + first:
            self._digit(entry, axis, step, first)
        else:
            self._opaque(axis, "sliced with a step" if step != 1 else "sliced to nothing")

    def _run(self, entry: int, axis: int, size: int, first: int, last: int) -> None:
        if (first, last) == (0, size):
            return
        p, a, q = f"p{axis}", f"a{axis}", f"q{axis}"
        self.before[axis] = f"({p} + {a} + {q})"
        self.sizes |= {p: first, a: last - first, q: size - last}
        if first:
            self.starts[entry] = p
        self.ends[entry] = f"({p} + {a})" if first else a

    def _digit(self, entry: int, axis: int, step: int, digit: int) -> None:
        p, q = f"p{axis}", f"q{axis}"
        self.before[axis] = f"(a{axis} ({p} + 1 + {q}))"
        self.starts[entry] = str(digit)  # counted from the end, it would be another one
        self.sizes |= {p: digit, q: step - 1 - digit}
        self.locked |= {p: "passed over by a strided slice", q: "passed over by a strided slice"}

    def _opaque(self, axis: int, why: str) -> None:
        self.after[axis] = f"b{axis}"
        self.locked |= {f"a{axis}": why, f"b{axis}": why}

    def spec(self) -> Spec:
        count = len(self.node.ints(1, "starts") or [])
        lengths = [
            Length(place, tuple(found.get(i) for i in range(count)))
            for found, place in ((self.starts, self._place(1)), (self.ends, self._place(2)))
            if found
        ]
        blanks = ", _" * (self.node.inputs - 1)
        text = f"{' '.join(self.before)}{blanks} -> {' '.join(self.after)}"
        return Spec(text, sizes=self.sizes, locked=self.locked, lengths=tuple(lengths))

    def _place(self, i: int) -> str | int:
        return i if self.node.given(i) else ("starts", "ends")[i - 1]
