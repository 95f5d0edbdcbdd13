"""Small graphs, pruned and proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model, finish, from_proto, normalize, save, to_proto
from onnxprune.rewrite import keep_of, mask_consumers, prove, shrink
from onnxprune.runtime.verify import Proof
from tests.oracle import build

Gone = Mapping[str, Sequence[int]]
"""Group id -> units that go."""


def analysed(source: str, opset: int = 21) -> tuple[Model, Analysis]:
    model = normalize(from_proto(build(source, opset)))
    return model, analyze(model.graph, model.opsets)


def masks_of(analysis: Analysis, gone: Gone) -> dict[str, np.ndarray]:
    sizes = {g.id: g.size for g in analysis.prunable}
    return {name: ~np.isin(np.arange(sizes[name]), units) for name, units in gone.items()}


def shrunk(source: str, gone: Gone, opset: int = 21) -> tuple[Model, dict[str, dict[int, np.ndarray]]]:
    model, analysis = analysed(source, opset)
    changed = shrink(model, analysis, keep_of(analysis, masks_of(analysis, gone)))
    return finish(model), changed


def pruned(source: str, gone: Gone, opset: int = 21) -> bytes:
    """The file of the pruned model."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pruned.onnx"
        save(shrunk(source, gone, opset)[0], path)
        return path.read_bytes()


def masked(source: str, gone: Gone, opset: int = 21) -> bytes:
    """The file of the masked dense model."""
    model, analysis = analysed(source, opset)
    mask_consumers(analysis, keep_of(analysis, masks_of(analysis, gone)))
    data: bytes = to_proto(finish(model)).SerializeToString()
    return data


def proof(source: str, gone: Gone, candidate: bytes | Path, opset: int = 21, **options: Any) -> Proof:
    """What the oracle says of a candidate for pruning the source so."""
    _, analysis = analysed(source, opset)
    return prove(lambda: from_proto(build(source, opset)), masks_of(analysis, gone), candidate, **options)


def run(model: bytes, **feeds: np.ndarray) -> list[np.ndarray]:
    """The outputs of a model without optimisations."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, feeds)
    return outputs


def stored(source: str | bytes, opset: int = 21) -> dict[str, np.ndarray]:
    """The stored tensors of a model."""
    proto = onnx.load_from_string(source) if isinstance(source, bytes) else build(source, opset)
    return {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}


def draw(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def apart(expected: np.ndarray, got: np.ndarray) -> float:
    """max|a - b| / max|a|."""
    assert expected.shape == got.shape
    return float(np.abs(expected - got).max() / np.abs(expected).max())


def survivors(source: str, opset: int = 21, seed: int = 0) -> list[str]:
    """Prune half of every group at random; the groups of which other units pass for the pruned ones.

    The right units must be proved first. With half of the units exchanged for others an oracle has to say no.
    """
    rng = np.random.default_rng(seed)
    _, analysis = analysed(source, opset)
    gone = {g.id: rng.permutation(g.size)[: g.size // 2].tolist() for g in analysis.prunable}
    file = pruned(source, gone, opset)
    right = proof(source, gone, file, opset)
    assert right.ok, right
    passed = []
    for group in analysis.prunable:
        others = [unit for unit in range(group.size) if unit not in gone[group.id]]
        wrong = [others[0], *gone[group.id][1:]]
        if proof(source, {**gone, group.id: wrong}, file, opset).status != "failed":
            passed.append(group.id)
    return passed
