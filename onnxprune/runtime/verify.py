"""The oracle: the dense model with every pruned unit masked where it is consumed equals the pruned model.

Both run in ONNX Runtime without graph optimisations, on random inputs. Two evaluations of one function differ by
rounding; how much is measured, by running the masked model with optimisations too, and a difference below a small
multiple of that is no evidence against equality. Inputs on which rounding drowns everything prove nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.runtime.fidelity import fidelity
from onnxprune.runtime.run import Array, run
from onnxprune.runtime.runnable import runnable_inputs
from onnxprune.runtime.session import session

TOLERANCE = 1e-5
NOISE_FACTOR = 8.0
NOISE_LIMIT = 1e-3
SCALES = (1.0, 0.1, 10.0)


@dataclass(frozen=True)
class Proof:
    """What the oracle found.

    status: "proved", "failed", "undecided" (rounding drowned every draw) or "skipped";
    error: the largest relative error max|a-b| / max|a| over outputs and draws; noise: the same between two
    evaluations of the reference, where it had to be measured; draws: random inputs tried; reason: in words
    """

    status: str
    error: float = 0.0
    noise: float = 0.0
    draws: int = 0
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.status == "proved"


def verify(
    masked: Path | bytes,
    pruned: Path | bytes,
    *,
    bounds: Mapping[str, int] | None = None,
    dims: Mapping[str, int] | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    max_seconds: float = 60.0,
) -> Proof:
    """Compare the masked dense model with the pruned one.

    bounds: exclusive upper bounds of integer inputs that index a table, by input name;
    dims: sizes of open dimensions, by symbol.
    Raises InputError where the masked model itself can't be run on random inputs.
    """
    reference, candidate = session(masked, optimize=False), session(pruned, optimize=False)
    optimized: ort.InferenceSession | None = None
    feeds = runnable_inputs(reference, seed=seed, dims=dims, bounds=bounds)
    started = time.monotonic()
    worst, loudest, decided, draws = 0.0, 0.0, 0, 0
    for scale in SCALES:
        scaled = _scaled(feeds, scale)
        expected, got = run(reference, scaled), _try(candidate, scaled)
        if got is None:
            return Proof("failed", float("inf"), loudest, draws + 1, "the pruned model doesn't run")
        error, noise = _relative(expected, got), 0.0
        if error > tolerance:
            optimized = optimized or session(masked)
            noise = _relative(expected, run(optimized, scaled))
        draws += 1
        loudest = max(loudest, noise)
        if noise > NOISE_LIMIT:
            continue
        decided += 1
        worst = max(worst, error)
        if error > max(tolerance, NOISE_FACTOR * noise):
            return Proof("failed", worst, loudest, draws, f"relative error {error:.1e} where {tolerance:.0e} is allowed")
        if time.monotonic() - started > max_seconds:
            break
    if not decided:
        return Proof("undecided", worst, loudest, draws, "rounding alone changes the outputs by more than 0.1 %")
    return Proof("proved", worst, loudest, draws)


def _relative(expected: Mapping[str, Array], got: Mapping[str, Array]) -> float:
    """The worst relative error over the outputs; infinite where one isn't finite and the other is."""
    return fidelity(expected, got).worst.relative


def _try(candidate: ort.InferenceSession, feeds: Mapping[str, Array]) -> dict[str, Array] | None:
    try:
        return run(candidate, feeds)
    except InputError:
        return None


def _scaled(feeds: Mapping[str, Array], scale: float) -> dict[str, Array]:
    """Float inputs scaled; all others as they are."""
    return {k: (v * scale).astype(v.dtype) if v.dtype.kind == "f" and scale != 1.0 else v for k, v in feeds.items()}


def finite(outputs: Mapping[str, Array]) -> bool:
    """Whether every float output is finite."""
    return all(bool(np.isfinite(v).all()) for v in outputs.values() if v.dtype.kind == "f")
