"""Padding: a padded axis is `(p + a + q)`, and what a constant pad adds may shrink with what it meets."""

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec


@rule("Pad")
def pad(node: NodeView) -> Spec:
    """Pads of a constant are units of their own; reflected and wrapped ones depend on their neighbours."""
    pads = node.ints(1, "pads")
    if pads is None:
        raise Fenced("pads are computed at run time")
    axes = [node.axis(a) for a in node.ints(3) or range(node.rank())]
    around = {a: (pads[i], pads[len(axes) + i]) for i, a in enumerate(axes)}
    mode = node.attr("mode", "constant")
    free = [a for a in axes if mode == "constant" and min(around[a]) >= 0 and any(around[a])]
    opaque = [a for a in axes if a not in free and any(around[a])]
    after = axis_letters(node.rank()).split()
    for a in free:
        after[a] = f"(p{a} + a{a} + q{a})"
    for a in opaque:
        after[a] = f"b{a}"
    sizes = {f"{side}{a}": size for a in free for side, size in zip("pq", around[a], strict=True)}
    locked = {f"{side}{a}": f"padded ({mode})" for a in opaque for side in "ab"}
    names = [f"{side}{a}" if a in free else None for side in "pq" for a in axes]
    lengths = (Length(1 if node.given(1) else "pads", tuple(names)),) if free else ()
    text = f"{axis_letters(node.rank())}, _, _, _ -> {' '.join(after)}"
    return Spec(text, sizes=sizes, locked=locked, lengths=lengths)
