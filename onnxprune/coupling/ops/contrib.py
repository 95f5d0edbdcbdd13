"""Ops of ONNX Runtime that fuse a contraction or a bias with an activation."""

from onnxprune.coupling.ops.conv import convolution
from onnxprune.coupling.ops.matmul import gemm, product_roles
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
    return convolution(node, "n {x} *, {y} {i} *, {y}, n {y} * -> n {y} *")


@rule("FusedMatMul", domain=CONTRIB)
def fused_matmul(node: NodeView) -> Spec:
    """A product of transposed operands; the batch may stand between rows and columns."""
    if min(node.rank(0), node.rank(1)) < 2:
        raise Fenced("FusedMatMul of a vector")
    run = "..." if max(node.rank(0), node.rank(1)) > 2 else ""
    sides = [_side(node, "A", ("m", "k"), run), _side(node, "B", ("k", "n"), run)]
    return Spec(f"{', '.join(sides)} -> {run} m n", macs="output", roles=product_roles(node, 0, 1))


def _side(node: NodeView, side: str, names: tuple[str, str], run: str) -> str:
    major, minor = names[::-1] if node.attr(f"trans{side}", 0) else names
    return f"{major} {run} {minor}" if node.attr(f"transBatch{side}", 0) else f"{run} {major} {minor}"
