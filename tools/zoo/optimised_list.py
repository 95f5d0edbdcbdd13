"""Graphs of the other lists after ONNX Runtime's optimiser, its transformer fusions, its quantisers, and in float16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.zoo import optimised as by
from tools.zoo.derived import derived
from tools.zoo.entry import Entry

FAMILY = "optimised"

_EXTENDED = (
    "torchvision.resnet18 torchvision.mobilenet_v3_small torchvision.densenet121 hf.bert@torchscript "
    "hf.vit@torchscript hf.gpt2@torchscript hf.llama hf.t5@torchscript hf.swin@torchscript "
    "rnn.bilstm@torchscript hf.clip@torchscript"
).split()
_ALL = (
    "torchvision.resnet18 torchvision.mobilenet_v2 torchvision.squeezenet1_1 torchvision.shufflenet_v2_x0_5 "
    "hf.convnext@torchscript hf.mobilevit@torchscript"
).split()
_FUSED = (
    ("hf.bert@torchscript", "bert"),
    ("hf.distilbert@torchscript", "bert"),
    ("hf.roberta@torchscript", "bert"),
    ("hf.electra@torchscript", "bert"),
    ("hf.gpt2@torchscript", "gpt2"),
    ("hf.gpt2-cache@torchscript", "gpt2"),
    ("hf.vit@torchscript", "vit"),
    ("hf.clip@torchscript", "clip"),
    ("hf.t5@torchscript", "t5"),
    ("hf.bart@torchscript", "bart"),
    ("hf.llama@torchscript", "gpt2"),
)
_DYNAMICALLY = (
    "hf.bert@torchscript hf.gpt2@torchscript hf.distilbert@torchscript torchvision.squeezenet1_1 "
    "rnn.lstm@torchscript rnn.crnn@torchscript"
).split()
_QDQ = "torchvision.resnet18 torchvision.mobilenet_v2 hf.vit@torchscript hf.bert@torchscript".split()
_QOPERATOR = "torchvision.resnet18 torchvision.squeezenet1_1 hf.vit@torchscript".split()
_FOUR_BITS = "hf.llama hf.gpt2@torchscript hf.bert@torchscript".split()
_HALVED = "torchvision.resnet18 hf.bert@torchscript hf.gpt2@torchscript hf.vit@torchscript".split()


def entries() -> list[Entry]:
    """The list."""
    made = [_entry("extended", base, by.saved, level="extended") for base in _EXTENDED]
    made += [_entry("all", base, by.saved, level="all") for base in _ALL]
    made += [_entry("fused", base, by.fused, model_type=kind) for base, kind in _FUSED]
    made += [_entry("dynamic", base, by.dynamically_quantised) for base in _DYNAMICALLY]
    made += [_entry("qdq", base, by.statically_quantised, format_name="QDQ") for base in _QDQ]
    made += [_entry("qdq-channel", base, by.statically_quantised, format_name="QDQ", per_channel=True) for base in _QDQ]
    made += [_entry("qoperator", base, by.statically_quantised, format_name="QOperator") for base in _QOPERATOR]
    made += [_entry("4bit", base, by.four_bits) for base in _FOUR_BITS]
    made += [_entry("4bit-zeros", "hf.llama", by.four_bits, symmetric=False)]
    made += [_entry("float16", base, by.halved) for base in _HALVED]
    # Attention first, then int8: QAttention.
    made += [_entry("dynamic", "ort.fused.hf.bert@torchscript", by.dynamically_quantised)]
    return made


def _entry(way: str, base: str, step: Callable[..., None], **options: Any) -> Entry:
    return Entry(f"ort.{way}.{base.removeprefix('ort.')}", FAMILY, derived(base, lambda a, b: step(a, b, **options)))
