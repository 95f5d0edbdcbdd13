"""Batches of text for language models of characters; only their make.py reads it."""

from collections.abc import Iterator

import torch

from models import austen
from models.making import SEED
from models.recipe import rng


def batches(steps: int, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Windows at random places of the training text, and what comes next at each of their places."""
    text, random = austen.train(), rng(SEED)
    for _ in range(steps):
        found = torch.from_numpy(austen.windows(text, random.integers(0, len(text) - austen.LENGTH, batch)))
        yield found[:, :-1], found[:, 1:]
