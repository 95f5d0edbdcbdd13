"""Reference models for benchmarks and coverage: known architectures with random weights, exported once.

python -m tools.zoo_models [--force] [NAME ...]

They are kept in zoo/ of $ONNXPRUNE_CACHE, by default ~/.cache/onnxprune.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
import torch

from onnxprune.cache import cache_folder
from onnxprune.errors import InputError
from onnxprune.export import ExportResult, load, write
from onnxprune.runtime import run, session
from tools.varied import vary

SEED = 0


@dataclass(frozen=True)
class Reference:
    """Where a model comes from; only those with `variants` come as NAME@torchscript and NAME@dynamic."""

    spec: str
    options: Mapping[str, str] = field(default_factory=dict)
    variants: bool = False


_LLAMA = {
    "task": "causal-lm",
    "hidden_size": "512",
    "num_hidden_layers": "8",
    "num_attention_heads": "8",
    "num_key_value_heads": "2",
    "intermediate_size": "1408",
    "vocab_size": "8192",
}
_REFERENCES = {
    "resnet50": Reference("torchvision:resnet50", variants=True),
    "mobilenet_v2": Reference("torchvision:mobilenet_v2"),
    "efficientnet_b0": Reference("torchvision:efficientnet_b0"),
    "densenet121": Reference("torchvision:densenet121"),
    "convnext_tiny": Reference("torchvision:convnext_tiny"),
    "shufflenet_v2_x1_0": Reference("torchvision:shufflenet_v2_x1_0"),
    "resnext50": Reference("torchvision:resnext50_32x4d"),
    "regnet_y_400mf": Reference("torchvision:regnet_y_400mf"),
    "vit_b_16": Reference("torchvision:vit_b_16", variants=True),
    "swin_t": Reference("torchvision:swin_t", variants=True),
    "vit_b_16_timm": Reference("timm:vit_base_patch16_224"),
    "swin_t_timm": Reference("timm:swin_tiny_patch4_window7_224"),
    "mixer_b16": Reference("timm:mixer_b16_224"),
    "bert-base": Reference("transformers:bert", {"seq": "128"}, variants=True),
    "gpt2": Reference("transformers:gpt2", {"seq": "128", "task": "causal-lm"}, variants=True),
    "llama-gqa": Reference("transformers:llama", {"seq": "128", **_LLAMA}, variants=True),
    "yolov8n-like": Reference("torch:tools.yolo_like:detector"),
    "unet": Reference("torch:tools.unet:unet"),
}
_VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "torchscript": {"exporter": "torchscript"},
    "dynamic": {"dynamic": True},
}


def names(*, variants: bool = False) -> list[str]:
    """The reference models, on request followed by the variants."""
    bases = list(_REFERENCES)
    if not variants:
        return bases
    return bases + [f"{name}@{v}" for name in bases if _REFERENCES[name].variants for v in _VARIANTS if v]


def cache() -> Path:
    """The folder of the exported models, made if it isn't there."""
    folder = cache_folder() / "zoo"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def path(name: str) -> Path:
    """The ONNX file of a reference model, exported on first use."""
    if name not in names(variants=True):
        raise InputError(f"no reference model {name}: there are {', '.join(names(variants=True))}")
    file = cache() / f"{name}.onnx"
    if not file.exists():
        export_reference(name, file)
    return file


def export_reference(name: str, file: Path) -> ExportResult:
    """Build, vary, export and check one model."""
    base, _, variant = name.partition("@")
    reference = _REFERENCES[base]
    return export_varied(reference.spec, reference.options, file, **_VARIANTS[variant])


def export_varied(spec: str, options: Mapping[str, str], file: Path, **how: Any) -> ExportResult:
    """Build the model that `spec` names, vary its weights, write it by `onnxprune.export.write` and check it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more would change the last digits of the statistics
    try:
        source = load(spec, options, seed=SEED)
        vary(source.module, tuple(source.inputs.values()), SEED)
        return write(source, file, run=_run, **how)
    finally:
        torch.set_num_threads(threads)


def _run(file: Path, feeds: Mapping[str, Any]) -> list[Any]:
    return list(run(session(file), feeds).values())


def main() -> None:
    """Export what's missing and print what there is."""
    parser = argparse.ArgumentParser(description="Reference models, exported once and cached.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every model without variants")
    parser.add_argument("--force", action="store_true", help="export again what's there")
    arguments = parser.parse_args()
    for name in arguments.names or names():
        print(_line(name, arguments.force), flush=True)


def _line(name: str, force: bool) -> str:
    known = names(variants=True)
    if name not in known:
        raise SystemExit(f"no reference model {name}: there are {', '.join(known)}")
    file = cache() / f"{name}.onnx"
    made = "cached"
    if force or not file.exists():
        result = export_reference(name, file)
        made = f"{result.seconds:.0f} s  error {result.max_error:.1e}"
    nodes = len(onnx.load(file, load_external_data=False).graph.node)
    return f"{file}  {file.stat().st_size / 1e6:.1f} MB  {nodes} nodes  {made}"


if __name__ == "__main__":
    main()
