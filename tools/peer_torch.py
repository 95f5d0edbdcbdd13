"""Torch-Pruning on the reference models, by the recipes of its own examples.

Runs in the environment of the other tools.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from onnxprune.export import Source, load
from tools import zoo_models
from tools.varied import vary


@dataclass(frozen=True)
class Way:
    """How Torch-Pruning is asked.

    multiple: widths are multiples of this, 0: as they come; ranked: one ranking over all layers
    """

    multiple: int = 0
    ranked: bool = False

    def __str__(self) -> str:
        rounding = f"multiples of {self.multiple}" if self.multiple else "any width"
        return f"{'global' if self.ranked else 'uniform'}, {rounding}"


@dataclass(frozen=True)
class Pruned:
    """A pruned copy of a model, and the processor seconds that building the pruner and pruning took."""

    module: torch.nn.Module
    build: float
    prune: float


def source(name: str) -> Source:
    """A reference model before its export, with the weights that the exported one has."""
    reference = zoo_models._REFERENCES[name]
    made = load(reference.spec, reference.options, seed=zoo_models.SEED)
    vary(made.module, tuple(made.inputs.values()), zoo_models.SEED)
    return made


def prune(model: Source, ratio: float, way: Way) -> Pruned:
    """A copy without a fraction `ratio` of every group's units. Raises whatever Torch-Pruning raises."""
    tp: Any = import_module("torch_pruning")
    module = copy.deepcopy(model.module)
    options, repair = _recipe(module, ratio)
    start = time.process_time()
    pruner = tp.pruner.BasePruner(
        module,
        tuple(model.inputs.values()),
        importance=tp.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=ratio,
        global_pruning=way.ranked,
        round_to=way.multiple or None,
        **options,
    )
    middle = time.process_time()
    pruner.step()
    repair(pruner.num_heads)
    return Pruned(module, middle - start, time.process_time() - middle)


def _recipe(
    module: torch.nn.Module, ratio: float
) -> tuple[dict[str, Any], Callable[[Mapping[torch.nn.Module, int]], None]]:
    """Options for the pruner, and what the model's own bookkeeping needs afterwards."""
    if split := _of_class(module, "BertSelfAttention"):
        for whole in _of_class(module, "BertModel"):
            whole.pooler = None  # it runs but leads to no output, so Torch-Pruning would not see it
        heads = {getattr(m, part): m.num_attention_heads for m in split for part in ("query", "key", "value")}
        asked = {"prune_num_heads": True, "prune_head_dims": False, "head_pruning_ratio": ratio}
        return {"num_heads": heads, **asked}, lambda left: _repair_bert(split, left)
    if fused := [m for m in module.modules() if hasattr(m, "qkv") and hasattr(m, "num_heads")]:
        heads = {m.qkv: m.num_heads for m in fused}
        return {"num_heads": heads, "ignored_layers": last_linear(module)}, lambda left: _repair_vit(fused, left)
    return {"ignored_layers": last_linear(module)}, lambda _: None


def _of_class(module: torch.nn.Module, name: str) -> list[Any]:
    return [m for m in module.modules() if type(m).__name__ == name]


def last_linear(module: torch.nn.Module) -> list[Any]:
    """The layer whose outputs are the answer; none where nothing is linear."""
    return [m for m in module.modules() if isinstance(m, torch.nn.Linear)][-1:]


def _repair_bert(layers: list[Any], left: Mapping[torch.nn.Module, int]) -> None:
    for layer in layers:
        layer.num_attention_heads = left[layer.query]
        layer.attention_head_size = layer.query.out_features // layer.num_attention_heads
        layer.all_head_size = layer.query.out_features


def _repair_vit(layers: list[Any], left: Mapping[torch.nn.Module, int]) -> None:
    for layer in layers:
        layer.num_heads = left[layer.qkv]
        layer.attn_dim = layer.qkv.out_features // 3
        layer.head_dim = layer.attn_dim // layer.num_heads


def work(module: torch.nn.Module, model: Source) -> int:
    """Multiply-accumulates (times two) of one run, by PyTorch's own counter."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        module(*model.inputs.values())
    return int(counter.get_total_flops())


def half(model: Source, way: Way, target: float = 0.5, steps: int = 9) -> Pruned:
    """The pruning that leaves the most multiply-accumulates up to `target` of the dense model's, by bisection."""
    dense, low, high, best = work(model.module, model), 0.0, 0.9, None
    for _ in range(steps):
        ratio = (low + high) / 2
        found = prune(model, ratio, way)
        if work(found.module, model) <= target * dense:
            high, best = ratio, found
        else:
            low = ratio
    return best or prune(model, high, way)
