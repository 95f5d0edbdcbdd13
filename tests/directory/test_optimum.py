"""What optimum exports is pruned, and runs in optimum again. Skipped where optimum-onnx isn't installed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from onnxprune.directory import optimize_directory
from onnxprune.pruning import Options, Target

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("optimum.exporters.onnx", reason="optimum-onnx is not installed", exc_type=ImportError)

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = {
    "vocab_size": 101,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 96,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
    "init_std": 0.2,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": None,
}


def exported(folder: Path, model: Any, task: str) -> Path:
    from optimum.exporters.onnx import onnx_export_from_model

    onnx_export_from_model(model.eval(), output=folder, task=task, do_validation=False)
    return folder


def test_an_encoder_and_three_decoders(tmp_path: Path) -> None:
    import torch
    from optimum.onnxruntime import ORTModelForSeq2SeqLM
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    model = BartForConditionalGeneration(BartConfig(**SMALL))
    source = exported(tmp_path / "bart", model, "text2text-generation-with-past")
    result = optimize_directory(source, tmp_path / "small", Options(target=Target("params", 0.8), bench=False))
    assert result.met and sorted(result.results) == [
        "decoder_model.onnx",
        "decoder_model_merged.onnx",
        "decoder_with_past_model.onnx",
        "encoder_model.onnx",
    ]
    words = torch.randint(3, 101, (2, 6))
    given = {"input_ids": words, "attention_mask": torch.ones_like(words), "max_new_tokens": 8, "do_sample": False}
    said = [
        ORTModelForSeq2SeqLM.from_pretrained(result.output, use_merged=merged).generate(**given).tolist()
        for merged in (True, False)
    ]
    assert said[0] == said[1] and len(said[0]) == 2


def test_a_classifier(tmp_path: Path) -> None:
    import torch
    from optimum.onnxruntime import ORTModelForSequenceClassification
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=101, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    source = exported(tmp_path / "bert", BertForSequenceClassification(config), "text-classification")
    options = Options(passes=["channels{ratio=0.25}"], only=["*intermediate*"], bench=False)
    result = optimize_directory(source, tmp_path / "small", options)
    says = json.loads((result.output / "config.json").read_text(encoding="utf-8"))
    assert says["intermediate_size"] == 48 and result.warnings == []
    words = torch.randint(3, 101, (2, 6))
    given = {"input_ids": words, "attention_mask": torch.ones_like(words), "token_type_ids": torch.zeros_like(words)}
    logits = ORTModelForSequenceClassification.from_pretrained(result.output)(**given).logits
    assert logits.shape == (2, 2) and torch.isfinite(logits).all()
