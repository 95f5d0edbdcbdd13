"""`torchvision:NAME`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.adapter import adapt
from onnxprune.export.examples import example
from onnxprune.export.lazy import need
from onnxprune.export.options import take_shapes, values
from onnxprune.export.quiet import quiet
from onnxprune.export.source import Source
from onnxprune.export.weights import load_weights
from onnxprune.words import cause, did_you_mean

if TYPE_CHECKING:
    import torch

_EDGE = 224


def load_torchvision(name: str, options: dict[str, str]) -> Source:
    """A model of torchvision; options other than `input` and `weights` go to its builder."""
    models = need("torchvision.models", "torchvision")
    known = models.list_models()
    if name not in known:
        raise InputError(f"torchvision has no model {name!r}{did_you_mean(name, known)}")
    shapes, weights = take_shapes(options), options.pop("weights", None)
    module = _build(models, name, values(options))
    if weights is not None:
        load_weights(module, Path(weights))
    edge = getattr(module, "image_size", _EDGE)
    shape, dtype = shapes[0] if shapes else ((1, 3, edge, edge), "float32")
    return adapt(f"torchvision:{name}", module, {"input": example(shape, dtype)})


def _build(models: Any, name: str, arguments: dict[str, Any]) -> torch.nn.Module:
    builder = models.get_model_builder(name)
    # Segmentation and detection would fetch the weights of their backbone.
    if "weights_backbone" in inspect.signature(builder).parameters:
        arguments = {"weights_backbone": None, **arguments}
    try:
        with quiet():
            return builder(weights=None, **arguments)
    except Exception as error:  # a wrong option shows up anywhere in the builder
        raise InputError(f"torchvision can't build {name}: {cause(error)}") from error
