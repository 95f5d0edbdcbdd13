"""One converter tries one graph."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onnxprune.export.quiet import quiet
from onnxprune.runtime import Array, Feeds, fidelity
from onnxprune.words import cause
from tools.lifting.contestants import CONTESTANTS, Lifted
from tools.lifting.reference import Reference
from tools.lifting.weights import kept, reached

if TYPE_CHECKING:
    import torch

AGREES, DIFFERS, UNRUN, UNCONVERTED = "agrees", "differs", "cannot run", "cannot convert"
OUTCOMES = (AGREES, DIFFERS, UNRUN, UNCONVERTED)
Row = dict[str, Any]


def trial(name: str, file: Path, known: Reference) -> Row:
    """The row of a contestant and a graph. To be called in a process of its own: it imports the converter."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    try:
        with quiet():
            lifted = CONTESTANTS[name].lift(file)
            lifted.module.eval()
    except Exception as error:  # whatever their code raises is a result
        return {"outcome": UNCONVERTED, "reason": cause(error)}
    row: Row = {"weights": kept(known.weights, lifted.module), "convert": time.perf_counter() - start}
    try:
        with quiet(), torch.no_grad():
            gap = max(_error(lifted, known.types, *draw) for draw in known.draws)
    except Exception as error:  # as above
        return row | {"outcome": UNRUN, "reason": cause(error)}
    if not gap <= known.tolerance:
        said = f"{gap:.0e} of the largest magnitude" if math.isfinite(gap) else "another shape, or not a number"
        return row | {"outcome": DIFFERS, "error": gap if math.isfinite(gap) else None, "reason": said}
    return row | {"outcome": AGREES, "error": gap, **gradients(lifted, known)}


def gradients(lifted: Lifted, known: Reference) -> Row:
    """What the sum of all float outputs has a gradient by, see `reached`."""

    def run() -> Any:
        outputs = _flat(lifted.call(_fed(known.types, known.draws[0][0]))).values()
        floats = [value.float().sum() for value in outputs if value.is_floating_point() and value.requires_grad]
        return sum(floats) if floats else None

    try:
        with quiet():
            return dict(reached(known.weights, lifted.module, run))
    except Exception as error:  # as above
        return {"gradients": 0.0, "copies": 0, "ungraded": cause(error)}


def _error(lifted: Lifted, types: Mapping[str, str], feeds: Feeds, expected: Mapping[str, Array]) -> float:
    found = {name: _array(value) for name, value in _flat(lifted.call(_fed(types, feeds))).items()}
    return fidelity(expected, {name: found[name] for name in expected}).worst.relative


def _fed(types: Mapping[str, str], feeds: Feeds) -> dict[str, torch.Tensor]:
    """Tensors of the types that the graph declares."""
    import torch

    return {name: torch.from_numpy(np.array(array)).to(getattr(torch, types[name])) for name, array in feeds.items()}


def _flat(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Sequences taken apart, as `onnxprune.runtime.run` does."""
    found: dict[str, Any] = {}
    for name, value in outputs.items():
        found |= (
            _flat({f"{name}[{k}]": v for k, v in enumerate(value)})
            if isinstance(value, list | tuple)
            else {name: value}
        )
    return found


def _array(value: Any) -> Array:
    import torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    plain: Array = (value.float() if value.dtype == torch.bfloat16 else value).detach().numpy()
    return plain
