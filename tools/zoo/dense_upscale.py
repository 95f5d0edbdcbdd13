"""Networks that make pictures larger or cleaner, with pixels shuffled out of channels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

EDGE = 40


class _Residual(nn.Module):
    """Lim et al. 2017, "Enhanced Deep Residual Networks" (EDSR): no normalisation, and the branch made small."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        return x + self.body(x) * 0.1


class _Dense(nn.Module):
    """Five convolutions, each of which reads all before it. Wang et al. 2018, "ESRGAN"."""

    def __init__(self, width: int, growth: int = 16) -> None:
        super().__init__()
        self.steps = nn.ModuleList(nn.Conv2d(width + k * growth, growth, 3, 1, 1) for k in range(4))
        self.leave = nn.Conv2d(width + 4 * growth, width, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        parts = [x]
        for step in self.steps:
            parts.append(F.leaky_relu(step(torch.cat(parts, 1)), 0.2))
        return x + self.leave(torch.cat(parts, 1)) * 0.2


class _Attended(nn.Module):
    """A residual block whose channels are weighed. Zhang et al. 2018, "RCAN"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1))
        squeeze = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width // 4, 1), nn.ReLU()]
        self.weigh = nn.Sequential(*squeeze, nn.Conv2d(width // 4, width, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        y = self.body(x)
        return x + y * self.weigh(y)


class Upscaler(nn.Module):
    """Convolution, blocks within one long shortcut, upscaling by pixel shuffles or by interpolation."""

    def __init__(self, block: Callable[[int], nn.Module], *, shuffled: bool = True, width: int = 48) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, 1, 1)
        self.body = nn.Sequential(*(block(width) for _ in range(3)), nn.Conv2d(width, width, 3, 1, 1))
        shuffle = [nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2)]
        spread = [nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(width, width, 3, 1, 1), nn.LeakyReLU(0.2)]
        self.up = nn.Sequential(*(shuffle if shuffled else spread), nn.Conv2d(width, 3, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x] -> [b, 3, 2 y, 2 x]."""
        x = self.enter(x)
        return self.up(x + self.body(x))


class Denoiser(nn.Module):
    """What is subtracted is learned. Zhang et al. 2017, "Beyond a Gaussian Denoiser" (DnCNN)."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        inner = [[nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()] for _ in range(4)]
        enter = [nn.Conv2d(3, width, 3, 1, 1), nn.ReLU()]
        self.body = nn.Sequential(*enter, *(x for step in inner for x in step), nn.Conv2d(width, 3, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x] -> the same."""
        return x - self.body(x)


def _subpixel() -> nn.Module:
    """Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution" (ESPCN)."""
    layers = [nn.Conv2d(3, 64, 5, 1, 2), nn.Tanh(), nn.Conv2d(64, 32, 3, 1, 1), nn.Tanh()]
    return nn.Sequential(*layers, nn.Conv2d(32, 27, 3, 1, 1), nn.PixelShuffle(3))


def _plain() -> nn.Module:
    """Dong et al. 2014, "Image Super-Resolution Using Deep Convolutional Networks" (SRCNN)."""
    enter = [nn.Upsample(scale_factor=2.0, mode="bicubic"), nn.Conv2d(3, 64, 9, 1, 4), nn.ReLU()]
    return nn.Sequential(*enter, nn.Conv2d(64, 32, 5, 1, 2), nn.ReLU(), nn.Conv2d(32, 3, 5, 1, 2))


def _hourglass() -> nn.Module:
    """Dong et al. 2016, "Accelerating the Super-Resolution Convolutional Neural Network" (FSRCNN)."""
    enter = [nn.Conv2d(3, 56, 5, 1, 2), nn.PReLU(56), nn.Conv2d(56, 16, 1), nn.PReLU(16)]
    inner = [layer for _ in range(3) for layer in (nn.Conv2d(16, 16, 3, 1, 1), nn.PReLU(16))]
    return nn.Sequential(*enter, *inner, nn.Conv2d(16, 56, 1), nn.PReLU(56), nn.ConvTranspose2d(56, 3, 9, 2, 4, 1))


_NETS: dict[str, Callable[[], nn.Module]] = {
    "srcnn": _plain,
    "fsrcnn": _hourglass,
    "espcn": _subpixel,
    "edsr": lambda: Upscaler(_Residual),
    "rcan": lambda: Upscaler(_Attended),
    "rrdb": lambda: Upscaler(_Dense, shuffled=False),
    "dncnn": Denoiser,
}
NAMES = tuple(_NETS)


def net(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A network by name, with an example picture."""
    return _NETS[name](), torch.randn(1, 3, EDGE, EDGE)
