"""Products of matrices."""

from __future__ import annotations

import torch
from torch import Tensor

from onnxprune.lift.operator import CONTRIB, Call, operator


@operator("MatMul", weights=(0, 1))
def matmul(_: Call, a: Tensor, b: Tensor) -> Tensor:
    """[..., m, k] @ [..., k, n]."""
    return torch.matmul(a, b)


@operator("Gemm", weights=(0, 1, 2))
def gemm(call: Call, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """alpha A B + beta C, the factors transposed where it says so."""
    a = a.t() if call.attr("transA", 0) else a
    b = b.t() if call.attr("transB", 0) else b
    alpha, beta = call.attr("alpha", 1.0), call.attr("beta", 1.0)
    if c is not None and c.dim() == 1 and a.is_floating_point():
        return torch.addmm(c, a, b, alpha=alpha, beta=beta)
    made = a @ b if alpha == 1 else alpha * (a @ b)
    return made if c is None else made + (c if beta == 1 else beta * c)


@operator("Einsum", weights=(0, 1))
def einsum(call: Call, *operands: Tensor) -> Tensor:
    """Sums of products, as the equation says."""
    return torch.einsum(call.attr("equation").replace(" ", ""), *operands)


@operator("FusedMatMul", "TransposeMatMul", domain=CONTRIB, weights=(0, 1))
def fused_matmul(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """alpha A B of transposed factors; the first axis may stand between rows and columns."""
    a = _turned(a, call.attr("transA", 0), call.attr("transBatchA", 0))
    b = _turned(b, call.attr("transB", 0), call.attr("transBatchB", 0))
    return call.attr("alpha", 1.0) * (a @ b)


def _turned(x: Tensor, last: int, batch: int) -> Tensor:
    if batch:
        x = x.movedim(0, -2)
    return x.transpose(-1, -2) if last and x.dim() > 1 else x


@operator("Det")
def det(_: Call, x: Tensor) -> Tensor:
    """Determinants of the last two axes."""
    return torch.linalg.det(x)
