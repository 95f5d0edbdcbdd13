"""Small sizes for any configuration of transformers: two layers of four heads over 64 hidden units.

Fields of one meaning have many names. Those that a configuration has as a plain number are set, also in the
configurations of a text and a picture tower; whatever is a list, or derived from others, is the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnxprune.export.quiet import quiet
from onnxprune.export.torchvision_ops import declare_torchvision_ops

_MEANINGS: tuple[tuple[float, str], ...] = (
    (64, "hidden_size d_model n_embd embedding_size projection_dim project_dim projection_size pooler_output_size"),
    (64, "pooler_hidden_size image_text_hidden_size encoder_hidden_size output_hidden_size attention_hidden_size"),
    (128, "intermediate_size encoder_ffn_dim decoder_ffn_dim ffn_dim d_ff d_inner ffn_hidden_size"),
    (128, "moe_intermediate_size shared_expert_intermediate_size"),
    (2, "num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers num_decoder_layers"),
    (4, "num_attention_heads n_head n_heads num_heads encoder_attention_heads decoder_attention_heads"),
    (2, "num_key_value_heads num_kv_heads num_key_value_groups"),
    (16, "head_dim d_head d_kv"),
    (512, "vocab_size"),
    (64, "max_position_embeddings n_positions n_ctx max_target_positions max_seq_len context_length"),
    (64, "image_size"),
    (16, "patch_size"),
    (4, "num_experts num_local_experts n_routed_experts"),
    (2, "num_experts_per_tok"),
    # As wide as a trained layer's: with the usual 0.02 such narrow layers would leave their input as it is.
    (0.1, "initializer_range init_std"),
    (0, "pad_token_id"),
    (1, "bos_token_id decoder_start_token_id"),
    (2, "eos_token_id sep_token_id"),
)
_SMALL: dict[str, Any] = {name: value for value, names in _MEANINGS for name in names.split()}
_TOWERS = ("text_config", "vision_config")


def small(model_type: str, overrides: Mapping[str, Any]) -> dict[str, str]:
    """Options for `transformers:<model_type>` that make it small; `overrides` win, a None keeps the default."""
    declare_torchvision_ops()  # which some of transformers' modules import
    with quiet():
        from transformers import AutoConfig

        fields = AutoConfig.for_model(model_type).to_dict()
    chosen = {**_shrunk(fields), **overrides}
    for tower in _TOWERS:
        if isinstance(fields.get(tower), dict):
            chosen[tower] = {**_shrunk(fields[tower]), **overrides.get(tower, {})}
    return {name: str(value) for name, value in chosen.items() if value is not None}


def _shrunk(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _SMALL.items() if isinstance(fields.get(name), int | float)}
