"""Ops of ONNX Runtime that fuse a contraction or a bias with an activation."""

from onnxprune.coupling.ops.conv import GROUP, INNER
from onnxprune.coupling.ops.matmul import INNER as HEADS
from onnxprune.coupling.ops.matmul import gemm
from onnxprune.coupling.ops.pointwise import triangle
from onnxprune.coupling.rule import Fenced, NodeView, rule, state
from onnxprune.coupling.spec import Spec

CONTRIB = "com.microsoft"

state("... -> ...", "Gelu", "QuickGelu", domain=CONTRIB)
state("..., ... -> ...", "BiasGelu", "FastGelu", domain=CONTRIB)

rule("FusedGemm", domain=CONTRIB)(gemm)
rule("Trilu", domain=CONTRIB)(triangle)


@rule("FusedConv", domain=CONTRIB)
def fused_conv(node: NodeView) -> Spec:
    """A convolution, a tensor of the output's shape that is added, and an activation."""
    group = int(node.attr("group", 1))
    if group == 1:
        return Spec("n i *, o i *, o, n o * -> n o *", macs="output")
    text = "n (g i) *, (g o) i *, (g o), n (g o) * -> n (g o) *"
    return Spec(text, sizes={"g": group}, roles=INNER, lengths=GROUP, macs="output")


@rule("FusedMatMul", domain=CONTRIB)
def fused_matmul(node: NodeView) -> Spec:
    """A product of transposed operands; the batch may stand between rows and columns."""
    if min(node.rank(0), node.rank(1)) < 2:
        raise Fenced("FusedMatMul of a vector")
    run = "..." if max(node.rank(0), node.rank(1)) > 2 else ""
    sides = [_side(node, "A", ("m", "k"), run), _side(node, "B", ("k", "n"), run)]
    computed = not (node.is_learned(0) or node.is_learned(1))
    roles = {name: role for name, role in HEADS.items() if run or name != "..."}
    return Spec(f"{', '.join(sides)} -> {run} m n", macs="output", roles=roles if computed else {})


def _side(node: NodeView, side: str, names: tuple[str, str], run: str) -> str:
    major, minor = names[::-1] if node.attr(f"trans{side}", 0) else names
    return f"{major} {run} {minor}" if node.attr(f"transBatch{side}", 0) else f"{run} {major} {minor}"
