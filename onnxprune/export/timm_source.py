"""`timm:NAME`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.export.adapter import adapt
from onnxprune.export.examples import example
from onnxprune.export.lazy import need
from onnxprune.export.options import take_shapes, value, values
from onnxprune.export.quiet import quiet
from onnxprune.export.source import Source
from onnxprune.export.weights import load_weights
from onnxprune.words import cause, did_you_mean


def load_timm(name: str, options: dict[str, str]) -> Source:
    """A model of timm; options other than `input` and `weights` go to `create_model`."""
    timm = need("timm", "timm")
    if not timm.is_model(name):
        raise InputError(f"timm has no model {name!r}{did_you_mean(name, timm.list_models())}")
    shapes, weights = take_shapes(options), options.pop("weights", None)
    try:
        with quiet():
            module = timm.create_model(name, pretrained=False, **values(options))
    except Exception as error:  # a wrong option shows up anywhere in the builder
        raise InputError(f"timm can't build {name}: {cause(error)}") from error
    if weights is not None:
        load_weights(module, Path(weights))
    shape, dtype = shapes[0] if shapes else (_default_shape(module, options), "float32")
    return adapt(f"timm:{name}", module, {"input": example(shape, dtype)})


def _default_shape(module: Any, options: Mapping[str, str]) -> tuple[int, ...]:
    channels, height, width = module.pretrained_cfg["input_size"]
    channels = value(options.get("in_chans", str(channels)))
    size = value(options.get("img_size", str((height, width))))
    height, width = (size, size) if isinstance(size, int) else size
    return 1, channels, height, width
