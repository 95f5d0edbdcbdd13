"""Tiny modules to export, as a user would write them."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class Perceptron(nn.Module):
    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, width)
        self.out = nn.Linear(width, 3)

    def forward(self, features: torch.Tensor) -> Any:
        return self.out(self.hidden(features).relu())


class Convnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.out = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> Any:
        return self.out(self.norm(self.conv(x)).relu().mean((2, 3)))


class FixedSize(Convnet):
    def forward(self, x: torch.Tensor) -> Any:
        assert x.shape[2] == 16
        return super().forward(x)


class FixedBatch(Perceptron):
    def forward(self, features: torch.Tensor) -> Any:
        return super().forward(features.reshape(2, 4))


class Encoder(nn.Module):
    """Its output is called as a value within it."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)

    def forward(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"embedding": self.table(ids).mean(1), "ids": ids + 1}


class Pair(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return a + b, [a * b, a - b]


class Untraceable(Perceptron):
    """Which branch is taken depends on the values."""

    def forward(self, features: torch.Tensor) -> Any:
        return super().forward(features) if features.sum().item() > 0 else features


class Silent(nn.Module):
    def forward(self, x: torch.Tensor) -> None:
        return None


example = torch.randn(2, 4)
instance = Perceptron()


def perceptron(width: int = 6) -> tuple[nn.Module, torch.Tensor]:
    return Perceptron(width), torch.randn(2, 4)


def convnet() -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    return Convnet(), (torch.randn(1, 3, 16, 16),)


def by_name() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    return Pair(), {"b": torch.randn(2), "a": torch.randn(2)}


def number() -> int:
    return 3


def wrong_examples() -> tuple[nn.Module, list[int]]:
    return Perceptron(), [1, 2]


def broken() -> nn.Module:
    raise RuntimeError("the disk is full")


class BiasedAttention(nn.Module):
    """Attention whose mask is learned, by relative position."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.table = nn.Linear(12, 36), nn.Parameter(torch.randn(9, 3))
        self.register_buffer("places", torch.arange(5)[:, None] - torch.arange(5)[None] + 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).view(x.shape[0], 5, 3, 3, 4).permute(2, 0, 3, 1, 4)
        mask = self.table[self.places].permute(2, 0, 1).contiguous()[None]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(x.shape)
