"""The network and its training: two LSTM layers of 192 on characters."""

from pathlib import Path

import torch
from torch import nn

from models import austen
from models.characters import batches
from models.making import write
from models.training import fit

EMBEDDING, HIDDEN, LAYERS = 64, 192, 2
BATCH, STEPS = 32, 600


class Lstm(nn.Module):
    """Every window starts from a state of zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(austen.ALPHABET), EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, LAYERS, batch_first=True)
        self.predict = nn.Linear(HIDDEN, len(austen.ALPHABET))

    def forward(self, signs: torch.Tensor) -> torch.Tensor:
        """[b, 128] -> [b, 128, 96]: what comes next, at each place."""
        return self.predict(self.lstm(self.embed(signs))[0])


def main(file: Path) -> None:
    """Train, and write the ONNX file."""
    module = Lstm()
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=0.01)
    fit(module, batches(STEPS, BATCH), STEPS, optimizer, peak=5e-3)
    write(
        file, "lstm_austen", module, {"signs": torch.zeros(2, austen.LENGTH, dtype=torch.int64)}, exporter="torchscript"
    )
