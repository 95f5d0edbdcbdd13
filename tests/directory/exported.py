"""A seq2seq model of transformers as optimum lays it out: an encoder, a decoder, and one that has a past."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch

from onnxprune.export.torchvision_ops import declare_torchvision_ops

declare_torchvision_ops()
from transformers import BartConfig, BartForConditionalGeneration  # noqa: E402
from transformers.cache_utils import EncoderDecoderCache  # noqa: E402

LAYERS, HEADS, WIDTH, WORDS = 2, 4, 32, 101
KINDS = ("decoder.key", "decoder.value", "encoder.key", "encoder.value")


class Encoder(torch.nn.Module):
    """input_ids -> last_hidden_state"""

    def __init__(self, model: BartForConditionalGeneration) -> None:
        super().__init__()
        self.encoder = model.model.encoder

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.encoder(input_ids=input_ids)[0]
        return found


class Decoder(torch.nn.Module):
    """input_ids, then encoder_hidden_states or past_key_values... -> logits, present..."""

    def __init__(self, model: BartForConditionalGeneration, past: bool) -> None:
        super().__init__()
        self.model, self.head, self.past = model.model.decoder, model.lm_head, past

    def forward(self, input_ids: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, ...]:
        cache: Any = None
        hidden = rest[0]
        if self.past:
            cache = EncoderDecoderCache([rest[4 * layer : 4 * layer + 4] for layer in range(LAYERS)])
            hidden = rest[2].mean((1, 3))[:, :, None].expand(-1, -1, WIDTH)  # only its length counts
        out = self.model(input_ids=input_ids, encoder_hidden_states=hidden, past_key_values=cache, use_cache=True)
        own, cross = out.past_key_values.self_attention_cache, out.past_key_values.cross_attention_cache
        present: list[torch.Tensor] = []
        for layer in range(LAYERS):
            present += [own.layers[layer].keys, own.layers[layer].values]
            present += [] if self.past else [cross.layers[layer].keys, cross.layers[layer].values]
        return (self.head(out.last_hidden_state), *present)


def bart(folder: Path) -> BartForConditionalGeneration:
    """Write a small BART with random weights into a new directory."""
    folder.mkdir()
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=WORDS,
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=96,
        decoder_ffn_dim=64,
        max_position_embeddings=64,
        init_std=0.2,
        attn_implementation="eager",
    )
    model = BartForConditionalGeneration(config).eval()
    ids, start = torch.randint(0, WORDS, (1, 6)), torch.randint(0, WORDS, (1, 3))
    hidden = Encoder(model)(ids)
    present = Decoder(model, False)(start, hidden)[1:]
    past = [f"past_key_values.{layer}.{kind}" for layer in range(LAYERS) for kind in KINDS]
    given = [name.replace("past_key_values", "present") for name in past]
    own = [name for name in given if "decoder" in name]
    _export(folder / "encoder_model.onnx", Encoder(model), (ids,), ["input_ids"], ["last_hidden_state"])
    names = ["input_ids", "encoder_hidden_states"]
    _export(folder / "decoder_model.onnx", Decoder(model, False), (start, hidden), names, ["logits", *given])
    then = folder / "decoder_with_past_model.onnx"
    _export(then, Decoder(model, True), (start[:, :1], *present), ["input_ids", *past], ["logits", *own])
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2, default=str), encoding="utf-8")
    return model


def _export(path: Path, module: torch.nn.Module, args: Any, names: list[str], outputs: list[str]) -> None:
    """By the tracer; batches are of one sample, and the decoder with a past reads one word at a time."""
    axes = {name: {2: _length(name, names)} for name in (*names, *outputs) if "key_values" in name or "present" in name}
    axes |= {name: {1: "sequence"} for name in ("encoder_hidden_states", "last_hidden_state")}
    if not any("key_values" in name for name in names):
        axes |= {name: {1: "sequence" if "encoder" in path.name else "steps"} for name in ("input_ids", "logits")}
    axes = {name: found for name, found in axes.items() if name in (*names, *outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(  # it would put a module that isn't so into training mode afterwards
            module.eval(), args, str(path), input_names=names, output_names=outputs, dynamic_axes=axes, dynamo=False
        )


def _length(name: str, names: list[str]) -> str:
    return "sequence" if "encoder." in name else "past" if name in names else "all"
