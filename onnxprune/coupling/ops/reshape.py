"""Layout: the same numbers under other axes."""

from onnxprune.coupling.ops.pointwise import axis_letters
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
        raise Fenced("Squeeze without axes on an axis of unknown length")
    locked = {f"a{i}": "would go if it came down to one index: Squeeze names no axes" for i, d in enumerate(shape) if d != 1}
    gone = [i for i, d in enumerate(shape) if d == 1] if axes is None else [node.axis(a) for a in axes]
    before = " ".join("1" if i in gone else f"a{i}" for i in range(len(shape)))
    after = " ".join(f"a{i}" for i in range(len(shape)) if i not in gone)
    text = f"{before}, _ -> {after}" if node.inputs > 1 else f"{before} -> {after}"
    return Spec(text, locked=locked if axes is None else {})


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
    before, after = list(node.shape(0)), list(node.out_shape())
    names_in = [f"i{k}" for k in range(len(before))]
    names_out: list[str | None] = [None] * len(after)
    sizes: dict[str, int] = {}
    ties: list[tuple[list[str], list[str]]] = []
    for run_in, run_out in chunks(_symbolic(node, before, after)):
        _tie(names_in, names_out, after, sizes, ties, run_in, run_out)
    text = f"{' '.join(names_in)}, _ -> {' '.join(str(n) for n in names_out)}"
    return _with_ties(node, text, sizes, ties, names_out)


def _tie(
    names_in: list[str],
    names_out: list[str | None],
    after: list[int | None],
    sizes: dict[str, int],
    ties: list[tuple[list[str], list[str]]],
    run_in: list[int],
    run_out: list[int],
) -> None:
    """One run: several axes into one are a product; one or several into several are two spellings of a product."""
    if len(run_out) == 1:
        names_out[run_out[0]] = _product([names_in[k] for k in run_in])
        return
    for k in run_out:
        size = after[k]
        names_out[k] = "1" if size == 1 else f"o{k}"
        if size is not None and size != 1:
            sizes[f"o{k}"] = size
    ties.append(([names_in[k] for k in run_in], [n for k in run_out if (n := names_out[k]) and n != "1"]))


def _with_ties(
    node: NodeView,
    text: str,
    sizes: dict[str, int],
    ties: list[tuple[list[str], list[str]]],
    names_out: list[str | None],
) -> Spec:
    lengths = _stored_lengths(node, names_out)
    locked = node.computed(1, names_out)
    return Spec(text, sizes=sizes, ties=tuple((tuple(a), tuple(b)) for a, b in ties), lengths=lengths, locked=locked)


def _stored_lengths(node: NodeView, names: list[str | None]) -> tuple[Length, ...]:
    """As written in the target. A 0 copies the length of an axis that may not shrink with the one that it is for."""
    lengths = node.lengths(1, "shape", names)
    target = node.value(1)
    if target is None or node.attr("allowzero", 0):
        return lengths
    copied = [int(v) == 0 and size is not None for v, size in zip(target, node.out_shape(), strict=True)]
    return (Length(1, tuple(n if c else old for n, c, old in zip(names, copied, lengths[0].axes, strict=True))),)


def _symbolic(node: NodeView, before: list[int | None], after: list[int | None]) -> tuple[list[object], list[object]]:
    """Lengths, with the model's own symbols where a length is open."""

    def named(sizes: list[int | None], dims: object) -> list[object]:
        raw = list(dims) if isinstance(dims, (list, tuple)) else [None] * len(sizes)
        return [d if d is not None else (raw[k] if isinstance(raw[k], str) else None) for k, d in enumerate(sizes)]

    left, right = named(before, node.node.inputs[0].shape), named(after, node.node.outputs[0].shape)
    target = node.value(1)
    if target is not None and not node.attr("allowzero", 0):
        for k, entry in enumerate(target):
            if int(entry) == 0 and k < len(left) and left[k] is None:
                left[k] = right[k] = f"same {k}"
    return left, right


def chunks(sides: tuple[list[object], list[object]]) -> list[tuple[list[int], list[int]]]:
    """Split two shapes of the same elements into the shortest runs of equal product, row-major.

    Lengths are ints, strings (symbols) or None (unknown). Equal heads are paired from the left; known lengths are
    paired from the right; what stays between is one run.
    """
    left, right = sides
    i = j = 0
    found: list[tuple[list[int], list[int]]] = []
    while i < len(left) and j < len(right):
        end = _shortest(left[i:], right[j:])
        if end is None:
            break
        found.append((list(range(i, i + end[0])), list(range(j, j + end[1]))))
        i, j = i + end[0], j + end[1]
    tail: list[tuple[list[int], list[int]]] = []
    m, n = len(left), len(right)
    while m > i and n > j:
        end = _shortest(left[i:m][::-1], right[j:n][::-1])
        if end is None:
            break
        tail.append((list(range(m - end[0], m)), list(range(n - end[1], n))))
        m, n = m - end[0], n - end[1]
    if m > i or n > j:
        found.append((list(range(i, m)), list(range(j, n))))
    return found + tail[::-1]


def _shortest(left: list[object], right: list[object]) -> tuple[int, int] | None:
    """How many axes of each side make the first run of equal product; None where an open length comes first."""
    if left[0] == right[0] and left[0] is not None:
        return 1, 1
    sizes_a, sizes_b = ([d for d in side] for side in (left, right))
    a = b = 1
    i = j = 0
    while True:
        if i and j and a == b:
            return i, j
        if (a <= b and i < len(sizes_a)) or j >= len(sizes_b):
            if i >= len(sizes_a) or not isinstance(sizes_a[i], int):
                return None
            a *= int(str(sizes_a[i]))
            i += 1
        else:
            if not isinstance(sizes_b[j], int):
                return None
            b *= int(str(sizes_b[j]))
            j += 1
