"""What a training step costs in a lifted graph, beside the same step in the network that it was exported from.

python -m tools.lift_speed [--only GLOB] [--batch N] [--rounds N] [--threads N]

Each round takes a step of either (forward, backward, AdamW) in turn; the medians of processor time are compared.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from onnxprune.export import Source, load
from onnxprune.export.quiet import quiet
from onnxprune.graph import load as load_graph
from onnxprune.lift import lift
from tools.table import number, table
from tools.zoo_models import export_varied

_SMALL = {"hidden_size": "256", "num_hidden_layers": "4", "num_attention_heads": "4", "intermediate_size": "1024"}
MODELS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "resnet50": ("torchvision:resnet50", {}),
    "resnet18": ("torchvision:resnet18", {}),
    "mobilenet_v2": ("torchvision:mobilenet_v2", {}),
    "efficientnet_b0": ("torchvision:efficientnet_b0", {}),
    "convnext_atto": ("timm:convnext_atto", {}),
    "vit_tiny": ("timm:vit_tiny_patch16_224", {}),
    "swin_tiny": ("timm:swin_tiny_patch4_window7_224", {}),
    "bert": ("transformers:bert", {"seq": "128", **_SMALL}),
    "gpt2": ("transformers:gpt2", {"seq": "128", "n_embd": "256", "n_layer": "4", "n_head": "4"}),
    "llama": (
        "transformers:llama",
        {"seq": "128", "task": "causal-lm", "num_key_value_heads": "2", "vocab_size": "4096", **_SMALL},
    ),
}
"""Name -> what it is exported from, with options."""

Inputs = Mapping[str, torch.Tensor]


def measured(name: str, batch: int, rounds: int) -> list[str]:
    """The row of a model: seconds to lift it, seconds of a step in both, the ratio."""
    spec, options = MODELS[name]
    with TemporaryDirectory(prefix="onnxprune-") as folder, quiet():
        file = Path(folder) / "model.onnx"
        export_varied(spec, options, file, dynamic=True)
        source = load(spec, options)
        model = load_graph(file)
        start = time.process_time()
        lifted = lift(model)
        lifting = time.process_time() - start
    source.module.eval()
    inputs = _batch(source, batch)
    native = _step(lambda: source.module(*inputs.values()), source.module)
    ours = _step(lambda: list(lifted(inputs).values()), lifted)
    times = [(_timed(native), _timed(ours)) for _ in range(rounds + 1)]  # the first one warms up
    before, after = (statistics.median(column) for column in zip(*times[1:], strict=True))
    return [name, number(lifting, 2), number(before, 3), number(after, 3), number(after / before, 2)]


def _batch(source: Source, count: int) -> Inputs:
    """The example inputs, as many times."""
    return {name: value[:1].repeat(count, *[1] * (value.dim() - 1)) for name, value in source.inputs.items()}


def _step(forward: Callable[[], Sequence[torch.Tensor]], module: torch.nn.Module) -> Callable[[], None]:
    """One step of training towards zero."""
    optimiser = torch.optim.AdamW(module.parameters(), 1e-5)

    def step() -> None:
        outputs = [value for value in forward() if value.is_floating_point()]
        total = torch.stack([value.square().mean() for value in outputs]).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()

    return step


def _timed(step: Callable[[], None]) -> float:
    start = time.process_time()  # of the processor: what else runs on it doesn't count
    step()
    return time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose names match")
    parser.add_argument("--batch", type=int, default=8, help="samples of a step (default: 8)")
    parser.add_argument("--rounds", type=int, default=7, help="steps of either (default: 7)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1)")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    chosen = [name for name in MODELS if fnmatchcase(name, given.only)]
    rows = [measured(name, given.batch, given.rounds) for name in chosen]
    sys.stdout.write(table(["model", "lifting s", "native s", "lifted s", "ratio"], rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
