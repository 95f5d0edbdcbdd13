"""Taps that normalisation puts into shared tables: nothing is coupled through them."""

from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Spec

DOMAIN = "ai.onnxprune.internal"


@rule("Tap", domain=DOMAIN)
def tap(node: NodeView) -> Spec:
    """Each axis starts anew; the table itself keeps every unit."""
    rank = node.rank()
    before = axis_letters(rank)
    after = " ".join(f"a{i}" if d is None or d == 1 else f"b{i}" for i, d in enumerate(node.shape(0)))
    return Spec(f"{before} -> {after}", locked={f"a{i}": "a table that many products share" for i in range(rank)})
