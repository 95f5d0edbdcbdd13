"""transformers: small configurations of a hundred architectures, some by the older exporter or with open lengths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.zoo.entry import Entry
from tools.zoo.made import VARIANTS, in_variants
from tools.zoo.transformers_architectures import ARCHITECTURES

FAMILY = "transformers"
_TOKENS = "16"
TORCHSCRIPT = (
    "bert roberta distilbert albert deberta-v2 electra gpt2 gpt_neox opt llama t5 bart vit swin convnext "
    "segformer mobilevit wav2vec2 clip"
).split()
DYNAMIC = "bert distilbert gpt2 llama t5 vit convnext wav2vec2 clip".split()
CACHED = "gpt2 gpt_neo opt bloom falcon llama mistral qwen3 phi gemma2".split()
CACHED_TORCHSCRIPT = "gpt2 llama".split()
_NETS = "torch:tools.zoo.transformers_nets:"
_SERIES = "informer time_series_transformer".split()


def entries() -> list[Entry]:
    """The list."""
    named = [(name, "") for name in ARCHITECTURES]
    named += [(name, "torchscript") for name in TORCHSCRIPT] + [(name, "dynamic") for name in DYNAMIC]
    return [*(_entry(name, variant) for name, variant in named), *_cached(), *_others()]


def _entry(name: str, variant: str) -> Entry:
    label = f"hf.{name}@{variant}" if variant else f"hf.{name}"
    return Entry(label, FAMILY, _make(name, **VARIANTS[variant]))


def _cached() -> list[Entry]:
    return [
        entry
        for name in CACHED
        for entry in in_variants(
            f"hf.{name}-cache",
            FAMILY,
            f"{_NETS}cached",
            {"name": name},
            ("", "torchscript") if name in CACHED_TORCHSCRIPT else ("",),
        )
    ]


def _others() -> list[Entry]:
    made = [
        e for name in ("decision_transformer", "perceiver") for e in in_variants(f"hf.{name}", FAMILY, _NETS + name)
    ]
    for name in _SERIES:  # the newer exporter takes minutes
        made += in_variants(f"hf.{name}", FAMILY, f"{_NETS}time_series", {"model_type": name}, ("torchscript",))
    return made


def _make(name: str, **how: Any) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        from tools.zoo.transformers_small import small
        from tools.zoo_models import export_varied

        chosen = ARCHITECTURES[name]
        options = small(chosen.model_type, chosen.overrides) | {"task": chosen.task, "seq": _TOKENS}
        export_varied(f"transformers:{chosen.model_type}", options, file, **how)

    return make
