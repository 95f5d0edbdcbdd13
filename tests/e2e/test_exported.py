"""From a framework's model to a proven file, for the families that the compiler is meant for, at small sizes.

The whole point is that no test says anything about the architecture: every model is pruned to half its
multiply-accumulates by default options.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from onnxprune.export import export
from onnxprune.pruning import Options, Target, optimize

SMALL = {"input": "1x3x64x64", "num_classes": "10"}
TEXT = {"hidden_size": "64", "num_hidden_layers": "2", "num_attention_heads": "4", "vocab_size": "99", "seq": "12"}
MLP = {"intermediate_size": "128"}
GQA = {"num_key_value_heads": "2", "task": "causal-lm"}

MODELS = {
    "residual": ("torchvision:resnet18", SMALL, "dynamo", False),
    "inverted residual": ("torchvision:mobilenet_v2", SMALL, "torchscript", False),
    "squeeze and excite": ("torchvision:mobilenet_v3_small", SMALL, "dynamo", False),
    "channel shuffle": ("torchvision:shufflenet_v2_x0_5", SMALL, "torchscript", False),
    "fire modules": ("torchvision:squeezenet1_1", SMALL, "dynamo", True),
    "grouped convolutions": ("torchvision:regnet_y_400mf", SMALL, "torchscript", False),
    "encoder": ("transformers:bert", TEXT | MLP, "dynamo", True),
    "encoder, traced": ("transformers:bert", TEXT | MLP, "torchscript", False),
    "decoder, fused projections": ("transformers:gpt2", TEXT | {"task": "causal-lm"}, "dynamo", False),
    "decoder, fused projections, open lengths": ("transformers:gpt2", TEXT | {"task": "causal-lm"}, "dynamo", True),
    "decoder, rotary, grouped queries": ("transformers:llama", TEXT | MLP | GQA, "dynamo", True),
    "decoder, rotary, grouped queries, traced": ("transformers:llama", TEXT | MLP | GQA, "torchscript", False),
    "decoder, fused gates": ("transformers:phi3", TEXT | MLP | GQA | {"pad_token_id": "0"}, "dynamo", False),
    "decoder, normalised queries": ("transformers:qwen3", TEXT | MLP | GQA | {"head_dim": "16"}, "dynamo", False),
}


@pytest.mark.parametrize("name", MODELS)
def test_half_the_macs_without_a_hint(tmp_path: Path, name: str) -> None:
    spec, options, exporter, dynamic = MODELS[name]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        export(spec, tmp_path / "dense.onnx", options=options, exporter=exporter, dynamic=dynamic)
    finally:
        torch.set_num_threads(threads)
    chosen = Options(target=Target("macs", 0.5), bench=False)
    result = optimize(tmp_path / "dense.onnx", tmp_path / "pruned.onnx", chosen)
    assert result.met, (result.fraction, result.locked[:3])
    assert result.fraction > 0.4
    assert result.proof.ok, result.proof
    assert not result.unknown
    assert (tmp_path / "pruned.onnx").stat().st_size < (tmp_path / "dense.onnx").stat().st_size
