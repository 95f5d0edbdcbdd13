"""What a student loses against its teacher: one number that gradients come from, chosen by what an output is.

    kl      classes on the last axis (logits, or probabilities): KL(teacher || student), in nats, the mean over rows
            (Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network")
    mse     other floats: |a - b|^2 / |a|^2 over the batch
    cosine  1 - the cosine between rows of the last axis, for embeddings whose length says nothing

Outputs that aren't floats carry no gradients and are left out. What an output is, is told by what the teacher makes of
the first batch, as `onnxprune.runtime` tells it where models are compared, and by the graph: what a normalisation makes
isn't classes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.errors import InputError
from onnxprune.runtime.divergence import is_distribution

Loss = Callable[[Tensor, Tensor], Tensor]
"""(teacher's, student's) -> a number."""

LEAST = 1e-12
"""A probability, or the square of an output, is at least this."""


def kl(teacher: Tensor, student: Tensor) -> Tensor:
    """KL(teacher || student) of logits [..., classes], the mean over rows; rows with infinite or missing logits in the
    teacher are left out."""
    a, b = (v.reshape(-1, v.shape[-1]) for v in (teacher, student))
    usable = torch.isfinite(a.amax(-1))
    log_a, log_b = F.log_softmax(a, -1), F.log_softmax(b, -1)
    gaps = torch.where(log_a.isfinite(), log_a.exp() * (log_a - log_b), torch.zeros_like(log_a)).sum(-1)
    return torch.where(usable, gaps, torch.zeros_like(gaps)).sum() / usable.sum().clamp_min(1)


def kl_of_probabilities(teacher: Tensor, student: Tensor) -> Tensor:
    """The same of probabilities [..., classes]."""
    return kl(*(v.clamp_min(LEAST).log() for v in (teacher, student)))


def mse(teacher: Tensor, student: Tensor) -> Tensor:
    """The squared error over the square of the teacher's; where that is infinite or missing nothing is compared."""
    usable = torch.isfinite(teacher)
    teacher = torch.where(usable, teacher, torch.zeros_like(teacher))
    gap = torch.where(usable, teacher - student, torch.zeros_like(teacher))
    return gap.square().sum() / teacher.square().sum().clamp_min(LEAST)


def cosine(teacher: Tensor, student: Tensor) -> Tensor:
    """1 - the cosine between rows of the last axis, the mean over rows."""
    return 1 - F.cosine_similarity(teacher, student, dim=-1).mean()


LOSSES: dict[str, Loss] = {"kl": kl, "mse": mse, "cosine": cosine}
"""Those that may be asked for by name."""


class Objective:
    """The sum of the losses of all outputs. kinds: output -> the name of its loss, fixed by the teacher's first batch

    named: one of `LOSSES` for all outputs; empty: by what they are; features: outputs that are no classes, whatever
    their shape (see `onnxprune.recovery.nature`). Raises InputError where the name is unknown, or no
    output is made of floats.
    """

    def __init__(self, named: str = "", features: Collection[str] = ()) -> None:
        if named and named not in LOSSES:
            raise InputError(f"no loss '{named}'; there are {', '.join(sorted(LOSSES))}")
        self._named = named
        self._features = features
        self._losses: dict[str, Loss] = {}
        self.kinds: dict[str, str] = {}

    def __call__(self, teacher: Mapping[str, Tensor], student: Mapping[str, Tensor]) -> Tensor:
        """The loss of one batch."""
        if not self._losses:
            self._settle(teacher, student.keys())
        losses = [loss(teacher[name].float(), student[name].float()) for name, loss in self._losses.items()]
        return torch.stack(losses).sum()

    def _settle(self, teacher: Mapping[str, Tensor], names: Collection[str]) -> None:
        """Choose a loss for every output that both give out."""
        for name, value in teacher.items():
            if name in names and value.is_floating_point() and value.numel():
                self.kinds[name], self._losses[name] = self._loss_for(name, value)
        if not self._losses:
            raise InputError("the models give out no floats, so there is nothing to learn from")

    def _loss_for(self, name: str, value: Tensor) -> tuple[str, Loss]:
        if self._named not in ("", "kl"):
            return self._named, LOSSES[self._named]
        seen = value.detach().float().cpu().numpy()
        if not self._named and (name in self._features or not is_distribution(seen)):
            return "mse", mse
        probabilities = bool((seen >= 0).all() and abs(seen.sum(-1) - 1).max() < 1e-3)
        return "kl", kl_of_probabilities if probabilities else kl
