"""What is trained of a lifted model, and how.

    full  every learned tensor
    perp  biases, normalisations, and low-rank changes of the matrices (Zimmer et al. 2023, "PERP: Rethinking the
          Prune-Retrain Paradigm in the Era of LLMs")
    lora  low-rank changes of the matrices alone (Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models")

A low-rank change is W + B A, B starting from zero, and is part of the weight when that is written back. Zeros of sparse
matrices stay zeros in every mode.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from onnxprune.errors import InputError
from onnxprune.lift.module import Lifted

MODES = ("full", "perp", "lora")
RANK = 8
"""Of a low-rank change."""

SPARSE = 0.25
"""A matrix with this share of zeros was made sparse, so training leaves them zero."""

LEAST = 0.01
"""The size of a parameter that is nothing yet counts as this."""


def check_mode(mode: str) -> None:
    """Raise InputError for an unknown mode."""
    if mode not in MODES:
        raise InputError(f"no mode of recovery '{mode}'; there are {', '.join(MODES)}")


class Student(torch.nn.Module):
    """A lifted model with what is trained of it; mode: see above. Raises InputError for an unknown mode."""

    def __init__(self, lifted: Lifted, mode: str = "full", seed: int = 0) -> None:
        super().__init__()
        check_mode(mode)
        self.lifted = lifted
        self.adapters = torch.nn.ModuleDict()
        self._adapted: dict[str, str] = {}
        self._stays = _sparse(lifted)
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in lifted.named_parameters():
            matrix = _is_matrix(parameter)
            parameter.requires_grad_(mode == "full" or (mode == "perp" and not matrix))
            if mode != "full" and matrix:
                key = f"a{len(self._adapted)}"
                self._adapted[name] = key
                self.adapters[key] = _LowRank(parameter, generator)

    def forward(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Tensor]:
        """As of the lifted model."""
        made: dict[str, Tensor] = self.lifted(feeds, keep, self._changed() if self._adapted else None)
        return made

    def _changed(self) -> dict[str, Tensor]:
        """Weights with their low-rank changes."""
        parameters = dict(self.lifted.named_parameters())
        return {name: self._kept(name, parameters[name] + self.adapters[key]()) for name, key in self._adapted.items()}

    def _kept(self, name: str, weight: Tensor) -> Tensor:
        stays = self._stays.get(name)
        return weight if stays is None else weight * stays.to(weight.device)

    def keep_zeros(self) -> None:
        """Make zero again, after a step, what was zero in weights that are sparse."""
        with torch.no_grad():
            for name, parameter in self.lifted.named_parameters():
                if name in self._stays and parameter.requires_grad:
                    parameter.copy_(self._kept(name, parameter))

    def groups(self) -> Iterator[tuple[float, list[Tensor]]]:
        """Trained parameters of about the same size (root of the mean square), with that size.

        Steps are taken in proportion to it, as Adafactor does (Shazeer and Stern 2018): one rate then suits all models.
        """
        found: dict[float, list[Tensor]] = {}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                size = (
                    _LowRank.SIZE if name.startswith("adapters.") else float(parameter.detach().square().mean().sqrt())
                )
                rounded = 2.0 ** (round(2 * math.log2(max(size, LEAST))) / 2)
                found.setdefault(rounded, []).append(parameter)
        yield from sorted(found.items())

    def stored(self) -> dict[str, np.ndarray]:
        """Every learned tensor as the file has it."""
        with torch.no_grad():
            changed = self._changed()
            return self.lifted.stored(changed)


def _sparse(lifted: Lifted) -> dict[str, Tensor]:
    """Where matrices are not zero, by name, of those that are so in a good part of their places."""
    found = {name: parameter.detach() != 0 for name, parameter in lifted.named_parameters() if _is_matrix(parameter)}
    return {name: stays for name, stays in found.items() if 1 - float(stays.float().mean()) >= SPARSE}


class _LowRank(torch.nn.Module):
    """B A in the shape of a weight. weight: [out, ...] or [in, out], whichever: the change is of rank `RANK`"""

    SIZE = 0.02

    def __init__(self, weight: Tensor, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = weight.shape
        rows, columns = weight.shape[0], weight[0].numel()
        rank = min(RANK, rows, columns)
        scale = float(weight.detach().square().mean().sqrt())
        start = torch.randn(rank, columns, generator=generator) / math.sqrt(rank)
        self.a = torch.nn.Parameter(start * self.SIZE)
        self.b = torch.nn.Parameter(torch.zeros(rows, rank))
        self._scale = scale / self.SIZE**2

    def forward(self) -> Tensor:
        return (self.b @ self.a).reshape(self.shape) * self._scale


def _is_matrix(parameter: Tensor) -> bool:
    """Whether it is a matrix in kind: several rows of several entries."""
    return bool(parameter.dim() > 1 and min(parameter.shape[0], parameter[0].numel()) > 1)
