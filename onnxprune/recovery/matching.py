"""Tensors inside that a student is held to as well: of the units that survived, what the teacher makes.

Romero et al. 2015, "FitNets: Hints for Thin Deep Nets"; as a pruned model's units are the teacher's own, nothing has to
be learned between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from onnxprune.recovery.match import Match
from onnxprune.recovery.objective import mse


class Matching:
    """The mean error of matched tensors, times a weight. names: of those that are matched"""

    def __init__(self, matches: Sequence[Match], weight: float, device: torch.device) -> None:
        self._weight = weight
        self._device = device
        self._kept = {m.name: self._indices(m.kept) for m in matches} if weight else {}

    def fit(self, teacher: Mapping[str, Tensor], student: Mapping[str, Tensor]) -> int:
        """Leave out what has different sizes in both models, which nobody said the reason of, and tell how many."""
        odd = [n for n in self._kept if n not in student or self._left(n, teacher[n]).shape != student[n].shape]
        for name in odd:
            del self._kept[name]
        return len(odd)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._kept)

    def __call__(self, teacher: Mapping[str, Tensor], student: Mapping[str, Tensor]) -> Tensor | None:
        """What is added to the loss of a batch; None where nothing is matched."""
        losses = [mse(self._left(name, teacher[name]).float(), student[name].float()) for name in self._kept]
        return self._weight * torch.stack(losses).mean() if losses else None

    def _left(self, name: str, value: Tensor) -> Tensor:
        """The teacher's tensor without the units that went."""
        for axis, index in self._kept[name].items():
            value = value.index_select(axis, index)
        return value

    def _indices(self, kept: Mapping[int, np.ndarray]) -> dict[int, Tensor]:
        return {axis: torch.from_numpy(np.asarray(index, np.int64)).to(self._device) for axis, index in kept.items()}
