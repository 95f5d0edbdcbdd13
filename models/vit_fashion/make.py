"""The network and its training: patches of 7 x 7 pixels, four blocks, 96 wide, six heads."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models import fashion
from models.labelled import crops
from models.making import SEED, write
from models.recipe import rng
from models.training import fit
from models.transformer import Block

WIDTH, HEADS, BLOCKS = 96, 6, 4
PATCH = 7
BATCH, EPOCHS = 64, 4


class Vit(nn.Module):
    """A vision transformer; the mean over the patches is what's classified."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, WIDTH, PATCH, PATCH)
        self.places = nn.Parameter(0.02 * torch.randn((fashion.SIDE // PATCH) ** 2, WIDTH))
        self.blocks = nn.Sequential(*(Block(WIDTH, HEADS) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[b, 1, 28, 28] -> [b, 10]."""
        x = self.patches(images).flatten(2).transpose(1, 2) + self.places
        return self.classify(self.norm(self.blocks(x)).mean(1))


def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """All epochs of training pictures."""
    images, classes = fashion.train()
    random = rng(SEED)
    for _ in range(EPOCHS):
        order = random.permutation(len(images))
        for index in np.array_split(order, len(images) // BATCH):
            x = fashion.scaled(crops(images[index], 2, fashion.SIDE, random))
            yield torch.from_numpy(x), torch.from_numpy(classes[index])


def main(file: Path) -> None:
    """Train, and write the ONNX file."""
    module = Vit()
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=0.05)
    steps = EPOCHS * (len(fashion.train()[0]) // BATCH)
    fit(module, batches(), steps, optimizer, peak=2e-3, smoothing=0.1)
    write(file, "vit_fashion", module, {"image": torch.zeros(2, 1, fashion.SIDE, fashion.SIDE)})
