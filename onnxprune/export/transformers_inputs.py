"""Example inputs of a transformers model, by what its `forward` reads first."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.examples import example, padding_mask, tokens
from onnxprune.export.source import Axes

if TYPE_CHECKING:
    import torch

_TEXT = ("input_ids", "attention_mask", "decoder_input_ids")
_KNOWN = "tokens, pictures, speech, series"
_SECOND_OF_SPEECH = 16000
_TOKENS = 128


def example_inputs(
    module: torch.nn.Module, target: str, batch: int, length: int, *, mask: bool
) -> dict[str, torch.Tensor]:
    """Inputs by name: token ids [batch, length] with a mask, pictures, speech or series; and ids for a decoder."""
    config, accepted = module.config, inspect.signature(module.forward).parameters
    inputs: dict[str, torch.Tensor] = {}
    if "input_ids" in accepted:
        inputs["input_ids"] = tokens(batch, length, config.get_text_config().vocab_size)
        if mask and "attention_mask" in accepted:
            inputs["attention_mask"] = padding_mask(batch, length)
    if "pixel_values" in accepted:
        inputs["pixel_values"] = _picture(config, batch)
    if "input_values" in accepted:
        inputs["input_values"] = example((batch, *_sound(config)))
    if "input_features" in accepted and (shape := _features(config, length)):
        inputs["input_features"] = example((batch, *shape))
    if "past_values" in accepted and hasattr(config, "num_input_channels"):
        inputs["past_values"] = example((batch, config.context_length, config.num_input_channels))
    if not inputs:
        raise InputError(f"transformers:{target} reads none of the inputs known here: {_KNOWN}")
    if "decoder_input_ids" in accepted:
        inputs["decoder_input_ids"] = tokens(batch, length, config.get_text_config().vocab_size)
    return inputs


def default_length(config: Any) -> int:
    """128 tokens, or as many as the model has positions for."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    return min(_TOKENS, positions) if isinstance(positions, int) and positions > 0 else _TOKENS


def axes_of(inputs: Mapping[str, torch.Tensor]) -> Axes:
    """Batch for every input, and a sequence axis for tokens: a decoder's is its own."""
    return {name: _axes(name) for name in inputs}


def _axes(name: str) -> dict[int, str]:
    if name not in _TEXT:
        return {0: "batch"}
    return {0: "batch", 1: "decoder_sequence" if name.startswith("decoder") else "sequence"}


def _picture(config: Any, batch: int) -> torch.Tensor:
    vision = getattr(config, "vision_config", config)
    edge = getattr(vision, "image_size", None) or 224
    height, width = (edge, edge) if isinstance(edge, int) else tuple(edge)
    return example((batch, getattr(vision, "num_channels", 3), height, width))


def _sound(config: Any) -> tuple[int, ...]:
    """A spectrogram [frames, bins] where the model has a size for it, else samples."""
    if hasattr(config, "num_mel_bins") and hasattr(config, "max_length"):
        return config.max_length, config.num_mel_bins
    return (_SECOND_OF_SPEECH,)


def _features(config: Any, length: int) -> tuple[int, int] | None:
    """Features of speech: Whisper's are [bins, frames] of one length, others' are [frames, bins]."""
    if hasattr(config, "num_mel_bins") and hasattr(config, "max_source_positions"):
        return config.num_mel_bins, 2 * config.max_source_positions
    for bins in ("input_feat_per_channel", "feature_projection_input_dim"):
        if hasattr(config, bins):
            return length, getattr(config, bins)
    return None
