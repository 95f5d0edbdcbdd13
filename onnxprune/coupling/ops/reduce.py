"""Reductions: an axis that is summed over is contracted, the mean of one is corrected by how many units stay, and one
that is compared over is inexact or locked."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.normaliser import normalises
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Spec

EXACT = ("ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum")
INEXACT = ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp")

SCALAR_SINCE = 7
"""Before this opset, Mul needs to be told that it broadcasts, and a mean can't be multiplied by a number so simply."""


@rule(*EXACT, *INEXACT)
def reduction(node: NodeView) -> Spec:
    """Zeros don't change a sum, and a mean by a known factor alone; they do change a maximum or a product."""
    rank = node.rank()
    given = node.ints(1, "axes")
    keep_all = not given and bool(node.attr("noop_with_empty_axes", 0))
    axes = [] if keep_all else [node.axis(a) for a in given or range(rank)]
    keepdims = bool(node.attr("keepdims", 1))
    before = " ".join(f"r{i}" if i in axes else f"a{i}" for i in range(rank))
    after = " ".join(f"a{i}" if i not in axes else "1" for i in range(rank) if i not in axes or keepdims)
    why = f"reduced over by {node.node.op}"
    means = [i for i in axes if node.shape(0)[i] is not None] if _has_factor(node) else []
    inexact = {} if node.node.op in EXACT else {f"r{i}": why for i in axes if i not in means}
    text = f"{before}, _ -> {after}" if node.inputs > 1 else f"{before} -> {after}"
    return Spec(text, averaged=tuple(f"r{i}" for i in means), inexact=inexact)


def _has_factor(node: NodeView) -> bool:
    """Whether the node is a mean that a factor may follow: integers round, and normalisers are to stay recognisable."""
    scalable = node.node.op == "ReduceMean" and node.opset >= SCALAR_SINCE and node.is_float(0)
    return scalable and not normalises(node.node)


@rule("ArgMax", "ArgMin")
def index_of_extreme(node: NodeView) -> Spec:
    """The result is an index along the axis: no unit may go."""
    axis = node.axis(node.attr("axis", 0))
    keepdims = bool(node.attr("keepdims", 1))
    before = " ".join(f"a{i}" for i in range(node.rank()))
    after = " ".join("1" if i == axis else f"a{i}" for i in range(node.rank()) if i != axis or keepdims)
    return Spec(f"{before} -> {after}", locked={f"a{axis}": Reason(f"indexed by {node.node.op}", Ground.INDEX)})


@rule("TopK")
def top_k(node: NodeView) -> Spec:
    """Values and indices along one axis, which is locked; the others pass."""
    rank = node.rank()
    axis = node.axis(node.attr("axis", -1))
    before = " ".join(f"a{i}" for i in range(rank))
    after = " ".join("k" if i == axis else f"a{i}" for i in range(rank))
    why = Reason("ordered by TopK", Ground.MIXED)
    return Spec(f"{before}, _ -> {after}, {after}", locked={f"a{axis}": why, "k": why})
