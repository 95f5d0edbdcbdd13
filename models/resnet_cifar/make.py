"""The network and its training: 14 convolutions in six basic blocks, eight epochs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models import cifar
from models.labelled import crops
from models.making import SEED, write
from models.recipe import rng
from models.training import fit

WIDTHS = (32, 64, 128)
STEM = 32
BATCH = 128
SIDES = (24,) * 5 + (32,) * 3
"""Side of the crops, by epoch: smaller ones first, as they cost half."""


class Block(nn.Module):
    """Two convolutions beside a shortcut, which is a convolution of its own where the side is halved."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(c_in, c_out, 3, stride), nn.ReLU(inplace=True), *_conv(c_out, c_out, 3, 1))
        self.shortcut = nn.Sequential(*(_conv(c_in, c_out, 1, stride) if stride > 1 else ()))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> [b, c', y', x']."""
        return self.relu(self.body(x) + self.shortcut(x))


def _conv(c_in: int, c_out: int, side: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(c_in, c_out, side, stride, side // 2, bias=False), nn.BatchNorm2d(c_out)


def network() -> nn.Sequential:
    """[b, 3, 32, 32] -> [b, 10]; each of the three stages halves the side."""
    layers: list[nn.Module] = [*_conv(3, STEM, 3, 1), nn.ReLU(inplace=True)]
    for c_in, c_out in zip((STEM, *WIDTHS), WIDTHS, strict=False):
        layers += [Block(c_in, c_out, 2), Block(c_out, c_out, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], 10))


def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Eight epochs of training pictures."""
    images, classes = cifar.train()
    random = rng(SEED)
    for side in SIDES:
        order = random.permutation(len(images))
        for index in np.array_split(order, len(images) // BATCH):
            x = torch.from_numpy(cifar.scaled(crops(images[index], 4, side, random)))
            yield x.contiguous(memory_format=torch.channels_last), torch.from_numpy(classes[index])


def main(file: Path) -> None:
    """Train, and write the ONNX file."""
    module = network().to(memory_format=torch.channels_last)
    weights = [p for p in module.parameters() if p.ndim > 1]
    rest = [p for p in module.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": 5e-4}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)
    steps = len(SIDES) * (len(cifar.train()[0]) // BATCH)
    fit(module, batches(), steps, optimizer, peak=0.2, smoothing=0.1)
    write(file, "resnet_cifar", module, {"image": torch.zeros(2, 3, 32, 32)})
