"""ONNX graph -> torch.nn.Module and back. Needs the extra `torch`, which is imported when something is lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnxprune.export.lazy import need

if TYPE_CHECKING:
    from onnxprune.graph import Model
    from onnxprune.lift.module import Lifted


def lift(model: Model) -> Lifted:
    """A torch module that computes what the graph computes; its parameters have the names of stored tensors.

    Raises InputError where torch isn't installed, and where the graph has nodes that torch has no counterpart of.
    """
    need("torch", "torch")
    from onnxprune.lift.lifting import lift as lifted

    return lifted(model)


def write_back(lifted: Lifted, model: Model) -> int:
    """Put what was learned into a model that has tensors of the same names, and tell how many changed."""
    from onnxprune.lift.module import write_back as written

    return written(lifted, model)


__all__ = ["lift", "write_back"]
