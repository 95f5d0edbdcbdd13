"""How networks are trained here: cross-entropy, and a rate that goes up and down once."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_REPORTS = 200
"""Steps from one line about progress to the next."""


def fit(
    module: torch.nn.Module,
    batches: Iterable[tuple[Any, Any]],
    steps: int,
    optimizer: torch.optim.Optimizer,
    peak: float,
    smoothing: float = 0.0,
) -> torch.nn.Module:
    """Minimise cross-entropy over that many batches, the rate up to the peak and down to nothing; then eval mode.

    A batch is (inputs, classes): the module's output has one more axis than the classes, the last.
    """
    import torch

    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=0.25)
    module.train()
    for step, (x, classes) in enumerate(batches):
        logits = module(x).flatten(0, -2)
        loss = torch.nn.functional.cross_entropy(logits, classes.flatten(), label_smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % _REPORTS == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", file=sys.stderr)
    return module.eval()
