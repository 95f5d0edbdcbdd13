"""ONNX graph -> torch.nn.Module and back. Needs the extra `torch`, which is imported when something is lifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from onnxprune.export.lazy import need

if TYPE_CHECKING:
    from onnxprune.graph import Model
    from onnxprune.lift.module import Lifted


def lift(model: Model) -> Lifted:
    """A torch module that computes what the graph computes; its parameters have the names of stored tensors.

    Raises InputError where torch isn't installed, and where the graph has nodes that torch has no counterpart of.
    """
    needed("lifting a graph")
    from onnxprune.lift.lifting import lift as lifted

    return lifted(model)


def needed(by: str) -> None:
    """Raise InputError that says what to install, where torch isn't there. by: what needs it"""
    need("torch", "torch", by)


def write_back(learned: Lifted | Mapping[str, np.ndarray], model: Model) -> int:
    """Put what was learned (a lifted model, or what its `stored` gave) into a model that has tensors of the same names.

    Returns how many of them changed; the others stay untouched, byte for byte.
    """
    from onnxprune.lift.module import write_back as written

    return written(learned, model)


__all__ = ["lift", "needed", "write_back"]
