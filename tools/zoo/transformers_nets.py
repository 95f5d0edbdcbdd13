"""Modules around models of transformers whose inputs the source `transformers:` doesn't make: caches, series, plays.

Every factory returns (module, example inputs), as the source `torch:` expects. Inputs given by name are passed by name.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onnxprune.export.options import values
from onnxprune.export.quiet import quiet
from tools.zoo.transformers_architectures import ARCHITECTURES
from tools.zoo.transformers_small import small

_PAST, _NEW = 6, 2


def _config(model_type: str, **overrides: Any) -> Any:
    options = {key: text for key, text in small(model_type, overrides).items() if key not in ("batch", "seq")}
    with quiet():
        from transformers import AutoConfig

        return AutoConfig.for_model(model_type, **values(options))


def _built(class_name: str, config: Any) -> Any:
    with quiet():
        import transformers

        found = getattr(transformers, class_name)
        return (found.from_config if class_name.startswith("Auto") else found)(config)


class _Cached(nn.Module):
    """A decoder with the keys and values [b, heads, past, d] of earlier tokens, which returns those of all."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **past: Tensor) -> dict[str, Tensor]:
        from transformers import DynamicCache

        halves = list(past.values())
        cache = DynamicCache(list(zip(halves[::2], halves[1::2], strict=True)))
        found = self.model(input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True)
        outputs = {"logits": found.logits}
        for index, layer in enumerate(found.past_key_values.layers):
            outputs |= {f"present.{index}.key": layer.keys, f"present.{index}.value": layer.values}
        return outputs


def cached(name: str) -> tuple[nn.Module, dict[str, Tensor]]:
    """A decoder of the list, by its name there, at a step in the middle of a text."""
    chosen = ARCHITECTURES[name]
    config = _config(chosen.model_type, **chosen.overrides)
    model = _built("AutoModelForCausalLM", config).float()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    if getattr(config, "multi_query", False):
        heads = 1
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    mask = torch.ones(1, _PAST + _NEW, dtype=torch.int64)
    mask[:, 0] = 0
    inputs = {"input_ids": torch.randint(0, config.vocab_size, (1, _NEW)), "attention_mask": mask}
    for layer in range(config.num_hidden_layers):
        for half in ("key", "value"):
            inputs[f"past.{layer}.{half}"] = torch.randn(1, heads, _PAST, size)
    return _Cached(model), inputs


class _Selected(nn.Module):
    """Only one output of a model that has many."""

    def __init__(self, model: nn.Module, output: str, **constants: Any) -> None:
        super().__init__()
        self.model, self.output, self.constants = model, output, constants

    def forward(self, **inputs: Tensor) -> Tensor:
        found: Tensor = self.model(**inputs, **self.constants)[self.output]
        return found


def decision_transformer() -> tuple[nn.Module, dict[str, Tensor]]:
    """Chen et al. 2021: six steps of states, actions and rewards still to come."""
    config = _config("decision_transformer", n_head=4, n_layer=2, state_dim=11, act_dim=3, max_ep_len=32, vocab_size=1)
    inputs = {
        "states": torch.randn(1, 6, config.state_dim),
        "actions": torch.randn(1, 6, config.act_dim),
        "rewards": torch.randn(1, 6, 1),
        "returns_to_go": torch.randn(1, 6, 1),
        "timesteps": torch.arange(6).unsqueeze(0),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 0]]),
    }
    return _Selected(_built("DecisionTransformerModel", config), "action_preds"), inputs


def perceiver() -> tuple[nn.Module, dict[str, Tensor]]:
    """Jaegle et al. 2021, over bytes of text."""
    config = _config(
        "perceiver",
        num_latents=8,
        d_latents=64,
        num_self_attends_per_block=2,
        vocab_size=262,
        max_position_embeddings=32,
    )
    mask = torch.ones(1, 32, dtype=torch.int64)
    mask[:, 28:] = 0
    return _Selected(_built("PerceiverForMaskedLM", config), "logits"), {
        "inputs": torch.randint(0, 262, (1, 32)),
        "attention_mask": mask,
    }


def time_series(model_type: str = "informer") -> tuple[nn.Module, dict[str, Tensor]]:
    """A forecaster of one series: 16 values known, 8 to come."""
    config = _config(
        model_type,
        prediction_length=8,
        context_length=16,
        lags_sequence=[1, 2, 3],
        num_time_features=2,
        **({"attention_type": "full"} if model_type == "informer" else {}),
    )
    past = config.context_length + max(config.lags_sequence)
    inputs = {
        "past_values": torch.randn(1, past),
        "past_time_features": torch.randn(1, past, 2),
        "past_observed_mask": torch.ones(1, past),
        "future_values": torch.randn(1, 8),
        "future_time_features": torch.randn(1, 8, 2),
    }
    return _Selected(_built("AutoModel", config), "last_hidden_state", use_cache=False), inputs
