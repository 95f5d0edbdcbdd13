"""The network and its training: four blocks, 128 wide, four heads, on characters."""

from pathlib import Path

import torch
from torch import nn

from models import austen
from models.characters import batches
from models.making import write
from models.training import fit
from models.transformer import Block

WIDTH, HEADS, BLOCKS = 128, 4, 4
BATCH, STEPS = 16, 1500


class Gpt(nn.Module):
    """A decoder; the embedding and the last layer have weights of their own. gated: as Block has it."""

    def __init__(self, gated: int = 0) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(austen.ALPHABET), WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(austen.LENGTH, WIDTH))
        self.blocks = nn.Sequential(*(Block(WIDTH, HEADS, causal=True, gated=gated) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.predict = nn.Linear(WIDTH, len(austen.ALPHABET))
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, signs: torch.Tensor) -> torch.Tensor:
        """[b, 128] -> [b, 128, 96]: what comes next, at each place."""
        return self.predict(self.norm(self.blocks(self.embed(signs) + self.places)))


def train(file: Path, name: str, module: Gpt) -> None:
    """Train, and write the ONNX file of a model of this name."""
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=0.01)
    fit(module, batches(STEPS, BATCH), STEPS, optimizer, peak=2e-3)
    write(file, name, module, {"signs": torch.zeros(2, austen.LENGTH, dtype=torch.int64)})


def main(file: Path) -> None:
    """Train, and write the ONNX file."""
    train(file, "gpt_austen", Gpt())
