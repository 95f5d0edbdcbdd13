"""Blocks of transformers, written out, for the networks that are trained here. Only their make.py reads it."""

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


class Attention(nn.Module):
    """Self-attention of several heads; a position sees none behind it where it's causal."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, t, c] -> [b, t, c]."""
        q, k, v = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(-2))


class Gated(nn.Module):
    """A feed-forward part whose units are products: one of two projections goes through SiLU (SwiGLU)."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.gate, self.up = (nn.Linear(width, units, bias=False) for _ in range(2))
        self.down = nn.Linear(units, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., c] -> [..., c]."""
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    """Attention and a feed-forward part, each behind a normalisation and beside a shortcut.

    gated: the units of a gated feed-forward part; else it has four times the width, through GELU
    """

    def __init__(self, width: int, heads: int, causal: bool = False, gated: int = 0) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        if gated:
            self.feed: nn.Module = Gated(width, gated)
        else:
            self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, t, c] -> [b, t, c]."""
        x = x + self.attention(self.norm1(x))
        return x + self.feed(self.norm2(x))
