"""What is differentiated: a number for what a model makes of one sample.

With labels it is the loss of the task. Without, the loss against the dense model is no use at the dense model itself,
where its gradient is zero; so it is one of

    surprise  the model's own top class for a label; of other floats half their square over its mean over all samples
              (Aljundi et al. 2018, "Memory Aware Synapses"): what `onnxprune.runtime.loss.Surprise` measures
    drawn     a label drawn from what the model says, for every row: the mean square of this gradient is the diagonal of
              the Fisher information, so half of it is the rise of the divergence from the dense model, to second
              order (Kunstner et al. 2019, "Limitations of the Empirical Fisher Approximation")
    own       all that the model says as the label: the gradient is zero, the Hessian is that of the divergence
    explained the score of the model's own top class, which relevance explains; of other floats as `surprise`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.errors import InputError
from onnxprune.runtime.divergence import is_distribution

Outputs = Mapping[str, Tensor]
Loss = Callable[[Outputs, Tensor | None], Tensor]
"""Of outputs, and labels where there are any."""

LEAST = 1e-12


class Unlabelled:
    """A loss without labels: the mean over outputs that are floats. kind: `surprise`, `drawn`, `own` or `explained`

    Every sample has to be surveyed before: what outputs are is told by the first.
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self._kind = kind
        self._random = torch.Generator().manual_seed(seed)
        self._classes: dict[str, bool] = {}
        self._squares: dict[str, float] = {}
        self._surveyed = 0

    def survey(self, made: Outputs) -> bool:
        """Take in what the model makes of one sample. Whether there is something to learn from the others."""
        for name, value in _floats(made):
            if name not in self._classes:
                self._classes[name] = is_distribution(value.detach().cpu().numpy())
            self._squares[name] = self._squares.get(name, 0.0) + float(_finite(value).square().sum())
        self._surveyed += 1
        return not all(self._classes.values())

    def __call__(self, made: Outputs, _: Tensor | None = None) -> Tensor:
        """The loss of one sample. Raises InputError where no output is made of floats."""
        found = [self._of_classes(v) if self._classes[k] else self._of_floats(k, v) for k, v in _floats(made)]
        if not found:
            raise InputError("the model gives out no floats, so there is nothing to differentiate")
        return torch.stack(found).mean()

    def _of_classes(self, value: Tensor) -> Tensor:
        if self._kind == "explained":
            return value.reshape(-1, value.shape[-1]).amax(-1).sum()
        said = log_probabilities(value)
        if not len(said):
            return value.sum() * 0
        if self._kind == "own":
            return -(said.detach().exp() * said).sum(-1).mean()
        if self._kind == "surprise":
            return F.nll_loss(said, said.argmax(-1))
        label = torch.multinomial(said.detach().exp(), 1, generator=self._random).squeeze(-1)
        return F.nll_loss(said, label, reduction="sum") / len(said) ** 0.5  # rows are independent: variances add up

    def _of_floats(self, name: str, value: Tensor) -> Tensor:
        level = max(self._squares[name] / max(self._surveyed, 1), LEAST)
        value = _finite(value)
        if self._kind == "own":
            return (value - value.detach()).square().sum() / (2 * level)
        if self._kind in ("surprise", "explained"):
            return value.square().sum() / (2 * level)
        return (torch.randn(value.shape, generator=self._random) * value).sum() / level**0.5


def task(made: Outputs, label: Tensor | None) -> Tensor:
    """Of the first output that suits the labels: cross entropy with whole numbers, half the squared error of floats.

    Classes are on the last axis, or on the second (as of a segmentation); negative labels count for nothing. Raises
    InputError where no output suits.
    """
    assert label is not None
    shapes = []
    for name, value in _floats(made):
        shapes.append(f"'{name}' {list(value.shape)}")
        if label.is_floating_point():
            if value.numel() == label.numel():
                return (value.reshape(-1) - label.reshape(-1)).square().mean() / 2
            continue
        rows = _rows(value, label)
        if rows is not None:
            return _cross_entropy(log_probabilities(rows), label.reshape(-1).long())
    kind = "floats" if label.is_floating_point() else "whole numbers"
    raise InputError(f"no output suits labels of shape {list(label.shape)} ({kind}): {', '.join(shapes) or 'none'}")


def log_probabilities(value: Tensor) -> Tensor:
    """Logarithms of probabilities [rows, classes], of logits or probabilities [..., classes]; finite rows only."""
    rows = value.reshape(-1, value.shape[-1])
    rows = rows[torch.isfinite(rows).all(-1)]
    seen = rows.detach()
    if seen.numel() and bool((seen >= 0).all() and (seen.sum(-1) - 1).abs().max() < 1e-3):
        rows = rows.clamp_min(LEAST).log()
    return F.log_softmax(rows, -1)


def _cross_entropy(said: Tensor, label: Tensor) -> Tensor:
    if len(label) != len(said):
        raise InputError("an output that labels are given for isn't finite")
    if label.numel() and int(label.max()) >= said.shape[-1]:
        raise InputError(f"there is a label {int(label.max())}, but the output has {said.shape[-1]} classes")
    known = label >= 0
    return F.nll_loss(said[known], label[known]) if known.any() else said.sum() * 0


def _rows(value: Tensor, label: Tensor) -> Tensor | None:
    """The output with its classes on the last axis, if it has a row for every label."""
    shape = tuple(label.shape)
    for axis in (value.ndim - 1, 1):
        moved = value.movedim(axis, -1) if value.ndim > axis else value
        if value.ndim > 1 and moved.shape[-1] > 1 and shape in (tuple(moved.shape[:-1]), (*moved.shape[:-1], 1)):
            return moved
    return None


def _floats(made: Outputs) -> Iterator[tuple[str, Tensor]]:
    for name, value in made.items():
        if value.is_floating_point() and value.numel():
            yield name, value.float()


def _finite(value: Tensor) -> Tensor:
    return torch.where(torch.isfinite(value), value, torch.zeros_like(value))
