"""The stages that versions of YOLO are made of. All take [b, c_in, y, x] and give [b, c_out, y, x] of the same size."""

from __future__ import annotations

import torch
from torch import nn

from tools.yolo_like import Bottleneck, ConvBlock


class Leaky(nn.Sequential):
    """Convolution, batch normalisation, leaky ReLU (v3)."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out), nn.LeakyReLU(0.1)
        )


class Darknet(nn.Module):
    """Residual pairs of 1x1 and 3x3 convolutions (v3). Redmon & Farhadi 2018, "YOLOv3: An Incremental Improvement"."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        self.enter = Leaky(c_in, c_out)
        pairs = [nn.Sequential(Leaky(c_out, c_out // 2), Leaky(c_out // 2, c_out, 3)) for _ in range(depth)]
        self.pairs, self.shortcut = nn.ModuleList(pairs), shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the module says."""
        x = self.enter(x)
        for pair in self.pairs:
            x = x + pair(x) if self.shortcut else pair(x)
        return x


class CrossStage(nn.Module):
    """Two branches, one of them deep, concatenated (v5's C3). Wang et al. 2020, "CSPNet"."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = c_out // 2
        self.deep = nn.Sequential(ConvBlock(c_in, half), *(Bottleneck(half, shortcut) for _ in range(depth)))
        self.flat, self.leave = ConvBlock(c_in, half), ConvBlock(2 * half, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the module says."""
        return self.leave(torch.cat([self.deep(x), self.flat(x)], 1))


class Aggregated(nn.Module):
    """Every second convolution of a chain is concatenated (v7). Wang et al. 2022, "YOLOv7"."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = c_out // 2
        self.flat, self.enter = ConvBlock(c_in, half), ConvBlock(c_in, half)
        steps = [nn.Sequential(ConvBlock(half, half, 3), ConvBlock(half, half, 3)) for _ in range(depth + 1)]
        self.steps, self.leave = nn.ModuleList(steps), ConvBlock((3 + depth) * half, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the module says."""
        parts = [self.flat(x), self.enter(x)]
        for step in self.steps:
            parts.append(step(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class _Branched(nn.Module):
    """A 3x3, a 1x1 and no convolution at all, added up. Ding et al. 2021, "RepVGG"."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.wide = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.point = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))
        self.identity = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        return torch.relu(self.wide(x) + self.point(x) + self.identity(x))


class Branched(nn.Sequential):
    """A chain of such blocks as they are before their branches are merged (v6)."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__(ConvBlock(c_in, c_out), *(_Branched(c_out) for _ in range(depth)))


class Nested(nn.Module):
    """Split in halves; every step on the second half is a cross stage itself (v11's C3k2)."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = c_out // 2
        self.enter, self.leave = ConvBlock(c_in, 2 * half), ConvBlock((2 + depth) * half, c_out)
        self.steps = nn.ModuleList(CrossStage(half, half, 2, shortcut) for _ in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the module says."""
        parts = list(self.enter(x).chunk(2, 1))
        for step in self.steps:
            parts.append(step(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class Attention(nn.Module):
    """Queries and keys of half the heads' width, and a depthwise convolution as position encoding (v10's PSA)."""

    def __init__(self, channels: int, heads: int = 2) -> None:
        super().__init__()
        self.heads, self.wide = heads, channels // heads
        self.narrow = self.wide // 2
        self.qkv = nn.Conv2d(channels, channels + 2 * heads * self.narrow, 1)
        self.place = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        self.leave = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        b, c, height, width = x.shape
        qkv = self.qkv(x).view(b, self.heads, 2 * self.narrow + self.wide, height * width)
        q, k, v = qkv.split([self.narrow, self.narrow, self.wide], 2)
        weights = ((q.transpose(-2, -1) @ k) * self.narrow**-0.5).softmax(-1)
        mixed = (v @ weights.transpose(-2, -1)).view(b, c, height, width)
        return self.leave(mixed + self.place(v.reshape(b, c, height, width)))


class PartialAttention(nn.Module):
    """Attention and an MLP on one half of the channels. Wang et al. 2024, "YOLOv10"."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.half, self.enter, self.leave = half, ConvBlock(channels, channels), ConvBlock(channels, channels)
        self.attention = Attention(half)
        self.mlp = nn.Sequential(ConvBlock(half, 2 * half), nn.Conv2d(2 * half, half, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        a, b = self.enter(x).split((self.half, self.half), 1)
        b = b + self.attention(b)
        return self.leave(torch.cat([a, b + self.mlp(b)], 1))
