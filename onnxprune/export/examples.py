"""Random example inputs of a given shape and type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def example(shape: tuple[int, ...], dtype: str = "float32") -> torch.Tensor:
    """Standard normal numbers, or zeros and ones: the only whole numbers that every embedding has."""
    import torch

    kind = getattr(torch, dtype)
    if kind.is_floating_point:
        return torch.randn(shape).to(kind)
    return torch.randint(0, 2, shape).to(kind)


def tokens(batch: int, length: int, vocabulary: int) -> torch.Tensor:
    """Random token ids [batch, length], int64."""
    import torch

    return torch.randint(0, vocabulary, (batch, length))


def padding_mask(batch: int, length: int) -> torch.Tensor:
    """Mask [batch, length] of int64 ones whose last eighth is 0.

    Not all ones: a tracer drops a mask that masks nothing, and a check wouldn't notice.
    """
    import torch

    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[:, length - length // 8 :] = 0
    return mask
