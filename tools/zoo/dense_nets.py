"""Networks that give a picture for a picture: segmentation, restoration, reconstruction. All are small."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

EDGE = 64
WIDTHS = (16, 32, 64, 96)


class _Double(nn.Sequential):
    """Twice: 3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, c_in: int, c_out: int) -> None:
        layers = [[nn.Conv2d(c, c_out, 3, 1, 1), nn.BatchNorm2d(c_out), nn.ReLU()] for c in (c_in, c_out)]
        super().__init__(*(layer for group in layers for layer in group))


class _Gate(nn.Module):
    """How much of a skip passes. Oktay et al. 2018, "Attention U-Net"."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.skip = nn.Sequential(nn.Conv2d(channels, half, 1), nn.BatchNorm2d(half))
        self.up = nn.Sequential(nn.Conv2d(channels, half, 1), nn.BatchNorm2d(half))
        self.weigh = nn.Sequential(nn.ReLU(), nn.Conv2d(half, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, skip: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        """Two maps [b, c, y, x] -> the first, weighed."""
        return skip * self.weigh(self.skip(skip) + self.up(up))


class UNet(nn.Module):
    """Ronneberger et al. 2015, "U-Net", with bilinear upsampling, and with gates on its skips or without."""

    def __init__(self, gated: bool) -> None:
        super().__init__()
        steps = list(pairwise(WIDTHS))
        self.enter = _Double(3, WIDTHS[0])
        self.down = nn.ModuleList(nn.Sequential(nn.MaxPool2d(2), _Double(a, b)) for a, b in steps)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(steps))
        self.gates = nn.ModuleList(_Gate(a) if gated else nn.Identity() for a, _ in reversed(steps))
        self.merge = nn.ModuleList(_Double(2 * a, a) for a, _ in reversed(steps))
        self.leave, self.gated = nn.Conv2d(WIDTHS[0], 2, 1), gated

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x] -> [b, 2, y, x]."""
        skips = [self.enter(x)]
        for down in self.down:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for up, gate, merge in zip(self.up, self.gates, self.merge, strict=True):
            x, skip = up(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)), skips.pop()
            x = merge(torch.cat([gate(skip, x) if self.gated else skip, x], 1))
        return self.leave(x)


class PyramidPooling(nn.Module):
    """Averages over grids of several sizes, brought back to the map's. Zhao et al. 2017, "PSPNet"."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _Double(3, 32), nn.MaxPool2d(2), _Double(32, width), nn.MaxPool2d(2), _Double(width, width)
        )
        self.pools = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(k), nn.Conv2d(width, width // 4, 1), nn.ReLU()) for k in (1, 2, 4, 8)
        )
        self.leave = nn.Sequential(_Double(2 * width, width), nn.Conv2d(width, 5, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x] -> [b, 5, y, x]."""
        size, x = x.shape[2:], self.body(x)
        pools = [F.interpolate(pool(x), size=x.shape[2:], mode="bilinear", align_corners=False) for pool in self.pools]
        return F.interpolate(self.leave(torch.cat([x, *pools], 1)), size=size, mode="bilinear", align_corners=True)


class Autoencoder(nn.Module):
    """Strided convolutions to a vector, and transposed ones back."""

    def __init__(self) -> None:
        super().__init__()
        steps = list(pairwise((3, *WIDTHS)))
        down = [[nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)] for a, b in steps]
        up = [[nn.ReLU(), nn.ConvTranspose2d(b, a, 4, 2, 1)] for a, b in reversed(steps)]
        self.edge = EDGE >> len(steps)
        self.down = nn.Sequential(*(layer for step in down for layer in step))
        self.squeeze = nn.Linear(WIDTHS[-1] * self.edge**2, 64)
        self.spread = nn.Linear(64, WIDTHS[-1] * self.edge**2)
        self.up = nn.Sequential(*(layer for step in up for layer in step))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x] -> the same."""
        x = self.spread(self.squeeze(self.down(x).flatten(1)))
        return self.up(x.view(-1, WIDTHS[-1], self.edge, self.edge)).sigmoid()


class _SimpleGate(nn.Module):
    """Chen et al. 2022, "Simple Baselines for Image Restoration" (NAFNet): halves multiplied, no activation at all."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(1, c) for _ in range(2))
        self.enter, self.depth = nn.Conv2d(c, 2 * c, 1), nn.Conv2d(2 * c, 2 * c, 3, 1, 1, groups=2 * c)
        self.attend = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c, 1))
        self.leave, self.wide, self.narrow = nn.Conv2d(c, c, 1), nn.Conv2d(c, 2 * c, 1), nn.Conv2d(c, c, 1)
        self.scales = nn.ParameterList(torch.zeros(1, c, 1, 1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        a, b = self.depth(self.enter(self.norms[0](x))).chunk(2, 1)
        y = a * b
        x = x + self.leave(y * self.attend(y)) * self.scales[0]
        a, b = self.wide(self.norms[1](x)).chunk(2, 1)
        return x + self.narrow(a * b) * self.scales[1]


class _ChannelAttention(nn.Module):
    """Attention between channels. Zamir et al. 2022, "Restormer"."""

    def __init__(self, c: int, heads: int = 2) -> None:
        super().__init__()
        self.heads, self.heat = heads, nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv, self.place = nn.Conv2d(c, 3 * c, 1), nn.Conv2d(3 * c, 3 * c, 3, 1, 1, groups=3 * c)
        self.leave = nn.Conv2d(c, c, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        b, c, height, width = x.shape
        q, k, v = (m.reshape(b, self.heads, -1, height * width) for m in self.place(self.qkv(x)).chunk(3, 1))
        weights = (F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.heat).softmax(-1)
        return x + self.leave((weights @ v).reshape(b, c, height, width))


def _restorer(block: Callable[[int], nn.Module], width: int = 32) -> nn.Module:
    up = [nn.Conv2d(2 * width, 4 * width, 1), nn.PixelShuffle(2)]
    inner = [nn.Conv2d(width, 2 * width, 2, 2), block(2 * width), block(2 * width), *up, block(width)]
    return nn.Sequential(nn.Conv2d(3, width, 3, 1, 1), block(width), *inner, nn.Conv2d(width, 3, 3, 1, 1))


_NETS: dict[str, Callable[[], nn.Module]] = {
    "unet-bilinear": lambda: UNet(False),
    "attention-unet": lambda: UNet(True),
    "pspnet": PyramidPooling,
    "autoencoder": Autoencoder,
    "nafnet": lambda: _restorer(_SimpleGate),
    "restormer": lambda: _restorer(_ChannelAttention),
}
NAMES = tuple(_NETS)


def net(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A network by name, with an example picture."""
    return _NETS[name](), torch.randn(1, 3, EDGE, EDGE)
