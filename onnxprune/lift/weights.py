"""Stored tensors as parameters, and parameters as stored tensors.

What wasn't trained comes back byte for byte: halves are exact as singles, and integers are kept beside what is added
to them.
"""

from __future__ import annotations

import numpy as np
import torch

from onnxprune.lift.dtypes import LIMITS, to_torch
from onnxprune.lift.straight import round_through

STEP = 0.002
"""By which an integer's parameter changes for the integer to change by one: with the rates of common optimisers that is
some steps in the same direction."""


class FloatWeight:
    """A stored tensor of floats. parameter: the same in the type that it is computed in"""

    def __init__(self, values: np.ndarray) -> None:
        self._dtype = values.dtype
        self.parameter = torch.nn.Parameter(to_torch(values))

    def value(self, parameter: torch.Tensor) -> torch.Tensor:
        """What the graph computes with."""
        return parameter

    def stored(self, parameter: torch.Tensor) -> np.ndarray:
        """What goes into the file."""
        return np.ascontiguousarray(parameter.detach().cpu().numpy().astype(self._dtype)).reshape(parameter.shape)


class IntegerWeight:
    """A stored tensor of integers, as of quantised layers. parameter: what is added to them, in units of 1 / STEP; they
    are rounded, and gradients pass straight through (Bengio et al. 2013)"""

    def __init__(self, values: np.ndarray) -> None:
        self._stored = np.asarray(values)
        self._least, self._most = LIMITS[values.dtype.name]
        self._base = torch.from_numpy(self._stored.astype(np.float32))
        self.parameter = torch.nn.Parameter(torch.zeros(values.shape))

    def value(self, parameter: torch.Tensor) -> torch.Tensor:
        """What the graph computes with: floats that are whole numbers."""
        base = self._base = self._base.to(parameter.device)
        return (base + round_through(parameter / STEP)).clamp(self._least, self._most)

    def stored(self, parameter: torch.Tensor) -> np.ndarray:
        """What goes into the file."""
        change = np.round(parameter.detach().cpu().numpy().astype(np.float64) / STEP).astype(np.int64)
        wide = np.clip(self._stored.astype(np.int64) + change, self._least, self._most)
        return np.asarray(wide.astype(self._stored.dtype))


Weight = FloatWeight | IntegerWeight


def weight_of(values: np.ndarray) -> Weight:
    """The form of a learned tensor."""
    return IntegerWeight(values) if values.dtype.name in LIMITS else FloatWeight(values)
