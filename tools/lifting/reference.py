"""What a graph makes of random inputs in ONNX Runtime, and how closely another evaluation has to agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxprune.graph import Model, all_stored, graphs, index_bounds, load, to_proto
from onnxprune.runtime import Array, Feeds, fidelity, input_specs, run, runnable_inputs, session
from onnxprune.runtime.verdict import HALF_TOLERANCES, QUANTISED_TOLERANCE, disturbed
from tools.lifting.weights import Weight, stored

DRAWS = 2
TOLERANCE = 1e-4
"""Largest difference over the output's largest magnitude, in single precision."""

_ROUNDING = re.compile("Quant|QLinear|Integer|QGemm")


@dataclass(frozen=True)
class Reference:
    """types: of the inputs; draws: pairs of inputs and outputs; tolerance: for this graph; noise: see `noise`,
    None where nobody asked.
    """

    types: Mapping[str, str]
    draws: tuple[tuple[Feeds, Mapping[str, Array]], ...]
    weights: tuple[Weight, ...]
    tolerance: float
    noise: float | None = None


def reference(file: Path, dims: Mapping[str, int]) -> Reference:
    """Run a file twice, with no optimisation of the graph. dims: lengths of open dimensions, by name or `input:axis`.

    Raises InputError where it runs on no random inputs.
    """
    model = load(file)
    bounds, dense = index_bounds(model.graph), session(file, optimize=False)
    feeds = [runnable_inputs(dense, seed=seed, dims=dims or None, bounds=bounds) for seed in range(DRAWS)]
    types = {spec.name: spec.dtype for spec in input_specs(dense)}
    return Reference(types, tuple((f, run(dense, f)) for f in feeds), tuple(stored(model)), tolerance(model))


def tolerance(model: Model) -> float:
    """The oracle's own for half precision and for quantisers; TOLERANCE elsewhere."""
    types = {tensor.values.dtype.name for tensor in all_stored(model)}
    rounded = any(_ROUNDING.search(node.op) for graph in graphs(model) for node in graph.nodes)
    return max([TOLERANCE, QUANTISED_TOLERANCE * rounded, *(HALF_TOLERANCES.get(name, 0.0) for name in types)])


def noise(file: Path, known: Reference) -> float:
    """What flipping the last bit of every float weight and input does to the outputs, over their largest magnitudes."""
    model = load(file)
    for tensor in all_stored(model):
        tensor.values = disturbed(np.asarray(tensor.values))
    shaken = session(to_proto(model).SerializeToString(), optimize=False)
    moved = [({name: disturbed(x) for name, x in feeds.items()}, outputs) for feeds, outputs in known.draws]
    return max(fidelity(outputs, run(shaken, feeds)).worst.relative for feeds, outputs in moved)
