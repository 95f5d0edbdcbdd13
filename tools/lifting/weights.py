"""What became of a graph's stored floats: whether they are found again among a module's parameters and buffers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onnxprune.graph import Model, all_stored, graphs

if TYPE_CHECKING:
    import torch

Mark = tuple[int, int, int]


@dataclass(frozen=True)
class Weight:
    """A stored tensor of floats. size: numbers in it; mark: see `mark`; trained: whether gradients may change it.

    The running means and variances of batch normalisation are not trained: nothing gives a gradient by them.
    """

    name: str
    size: int
    mark: Mark
    trained: bool = True


def mark(values: NDArray[Any]) -> Mark:
    """A fingerprint that neither a transposition nor single precision changes: the size and two sums over bits."""
    bits = np.ascontiguousarray(values, np.float32).ravel().view(np.uint32).astype(np.uint64)
    return bits.size, int(bits.sum()), int((bits * bits).sum())  # modulo 2**64


def stored(model: Model) -> list[Weight]:
    """All stored floats, those of bodies and of Constant nodes too."""
    nodes = [node for graph in graphs(model) for node in graph.nodes]
    means = {x.name for node in nodes if node.op == "BatchNormalization" for x in node.inputs[3:5]}
    floats = [t for t in all_stored(model) if is_float(t.values)]
    return [Weight(t.name, t.values.size, mark(t.values), t.name not in means) for t in floats]


def is_float(values: Any) -> bool:
    """Whether an array holds floats, bfloat16 among them, of which NumPy knows nothing."""
    return bool(values.dtype.kind == "f" or values.dtype.name == "bfloat16")


def kept(weights: Sequence[Weight], module: torch.nn.Module) -> dict[str, float]:
    """Shares of all numbers: in parameters, in buffers only, and under their own name, `.`, `/` and `:` aside."""
    owned: dict[Mark, str] = {}
    names = set()
    for kind, name, values in tensors(module):
        held = mark(values.detach().float().numpy())
        owned[held] = "parameters" if "parameters" in (kind, owned.get(held)) else kind
        names |= {_plain(name), _plain(name.rsplit(".", 1)[-1])}
    total = max(sum(weight.size for weight in weights), 1)
    found = {kind: sum(w.size for w in weights if owned.get(w.mark) == kind) for kind in ("parameters", "buffers")}
    named = sum(w.size for w in weights if w.mark in owned and _plain(w.name) in names)
    return {what: count / total for what, count in {**found, "named": named}.items()}


def reached(weights: Sequence[Weight], module: torch.nn.Module, run: Callable[[], Any]) -> dict[str, float]:
    """What a gradient of `run()`, a number, reaches once it is asked for.

    gradients: the share of the trained weights, in numbers; copies: how many of them became several tensors that have
    gradients of their own, and would be trained apart.
    """
    still = {weight.mark for weight in weights if not weight.trained}
    trained = {weight.mark: weight.size for weight in weights if weight.mark not in still}
    held = [(mark(values.detach().float().numpy()), values) for _, _, values in tensors(module)]
    for found, values in held:
        values.requires_grad_(found in trained).grad = None
    total = run()
    if total is not None:
        total.backward()
    moved = Counter(found for found, values in held if values.grad is not None)
    twins = Counter(weight.mark for weight in weights)
    copies = sum(count > twins[found] for found, count in moved.items() if found[0] > 1)
    return {"gradients": sum(trained[found] for found in moved) / max(sum(trained.values()), 1), "copies": copies}


def tensors(module: torch.nn.Module) -> Iterator[tuple[str, str, torch.Tensor]]:
    """(kind, name, values) of every float parameter and buffer, each once."""
    for kind, named in (("parameters", module.named_parameters()), ("buffers", module.named_buffers())):
        yield from ((kind, name, values) for name, values in named if values.is_floating_point())


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name).lstrip("_")  # which some put before a digit
