"""Lifted graphs beside ONNX Runtime, or the reference of ONNX, on random inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator

from onnxprune.graph import Model, from_proto, index_bounds
from onnxprune.lift import lift
from onnxprune.lift.module import Lifted
from onnxprune.runtime import input_specs, runnable_inputs, session
from onnxprune.runtime.run import run
from tests.oracle import Text, _feed, build

Feeds = Mapping[str, np.ndarray]


def lifted(source: Text, opset: int = 21) -> Lifted:
    """The module of a graph in ONNX text."""
    return lift(model(source, opset))


def model(source: Text, opset: int = 21) -> Model:
    """The graph, as `lift` takes it."""
    return from_proto(build(source, opset))


def tensors(feeds: Feeds) -> dict[str, torch.Tensor]:
    """Feeds of ONNX Runtime as those of a module."""
    return {name: torch.from_numpy(np.array(value)) for name, value in feeds.items()}


def gap(source: Text, opset: int = 21, *, reference: bool = False, feeds: Feeds | None = None) -> float:
    """The largest difference of all outputs, over the output's largest magnitude; infinite where shapes differ."""
    proto = build(source, opset)
    expected, feeds = _by_reference(proto, feeds) if reference else _by_runtime(proto, feeds)
    module = lift(from_proto(build(source, opset)))
    with torch.no_grad():
        found = module(tensors(feeds))
    return max((_gap(expected[name], found[name]) for name in expected if expected[name] is not None), default=0.0)


def _by_runtime(proto: onnx.ModelProto, feeds: Feeds | None) -> tuple[Feeds, Feeds]:
    loaded = session(proto.SerializeToString(), optimize=False)
    bounds = dict(index_bounds(from_proto(build(proto)).graph))
    feeds = feeds or runnable_inputs(loaded, specs=input_specs(loaded), seed=0, bounds=bounds)
    return run(loaded, feeds), feeds


def _by_reference(proto: onnx.ModelProto, feeds: Feeds | None) -> tuple[Feeds, Feeds]:
    feeds = feeds or {v.name: _feed(v) for v in proto.graph.input}
    values = ReferenceEvaluator(proto).run(None, dict(feeds))
    return dict(zip([v.name for v in proto.graph.output], values, strict=True)), feeds


def _gap(expected: np.ndarray, found: torch.Tensor) -> float:
    a, b = np.asarray(expected, np.float64), found.numpy().astype(np.float64)
    if a.shape != b.shape or not (np.isfinite(a) == np.isfinite(b)).all():
        return np.inf
    finite = np.isfinite(a)
    largest = np.abs(a[finite]).max(initial=0.0)
    return float(np.abs(a - b)[finite].max(initial=0.0) / max(largest, 1e-12))
