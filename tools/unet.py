"""A small U-Net: transposed convolutions, concatenated skips, group normalisation."""

from itertools import pairwise

import torch
from torch import nn

WIDTHS = (32, 64, 128, 256)
GROUPS = 8


class DoubleConv(nn.Sequential):
    """Twice: 3x3 convolution, group normalisation, ReLU."""

    def __init__(self, c_in: int, c_out: int) -> None:
        layers: list[nn.Module] = []
        for c in (c_in, c_out):
            layers += [nn.Conv2d(c, c_out, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, c_out), nn.ReLU()]
        super().__init__(*layers)


class UNet(nn.Module):
    """Segmentation into two classes."""

    def __init__(self) -> None:
        super().__init__()
        steps = list(pairwise(WIDTHS))
        self.enter = DoubleConv(3, WIDTHS[0])
        self.down = nn.ModuleList(nn.Sequential(nn.MaxPool2d(2), DoubleConv(a, b)) for a, b in steps)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(steps))
        self.merge = nn.ModuleList(DoubleConv(2 * a, a) for a, _ in reversed(steps))
        self.classify = nn.Conv2d(WIDTHS[0], 2, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x], sides multiples of 8 -> [b, 2, y, x]."""
        skips = [self.enter(images)]
        for down in self.down:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.classify(x)


def unet() -> tuple[nn.Module, torch.Tensor]:
    """The network with a 128x128 example."""
    return UNet(), torch.randn(1, 3, 128, 128)
