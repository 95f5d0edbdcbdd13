"""A small network, a pruned one that lacks half of it, and data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnxprune.calibration import Data

WIDTH = 32


def network(kept: int = WIDTH, *, dtype: type = np.float32, batch: str | int = "n") -> onnx.ModelProto:
    """[n, 8] -> logits [n, 4] over a hidden layer, of which the first `kept` units are there."""
    random = np.random.default_rng(0)
    values = {
        "a.weight": random.standard_normal((8, WIDTH))[:, :kept] / 2,
        "a.bias": random.standard_normal(WIDTH)[:kept] / 2,
        "b.weight": random.standard_normal((WIDTH, 4))[:kept] / 2,
        "b.bias": np.zeros(4),
    }
    stored = [numpy_helper.from_array(v.astype(dtype), name) for name, v in values.items()]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = [
        helper.make_node("Gemm", ["x", "a.weight", "a.bias"], ["h"], name="first"),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("Gemm", ["r", "b.weight", "b.bias"], ["y"], name="second"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", kind, [batch, 8])],
        [helper.make_tensor_value_info("y", kind, [batch, 4])],
        stored,
        doc_string="a small network",
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    model.metadata_props.append(onnx.StringStringEntryProto(key="author", value="somebody"))
    assert TensorProto.FLOAT
    return model


def files(folder: Path, **how: object) -> tuple[Path, Path]:
    """The dense model and the pruned one."""
    places = folder / "dense.onnx", folder / "pruned.onnx"
    for place, kept in zip(places, (WIDTH, WIDTH // 2), strict=True):
        onnx.save(network(kept, **how), place)  # type: ignore[arg-type]
    return places


def samples(count: int = 512, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)


def data(calls: int = 16, rows: int = 16) -> Data:
    """Calls of several samples each, whose batch is open."""
    values = samples(calls * rows)
    return Data("small", "digest", (rows,) * calls, lambda i: {"x": values[rows * i : rows * (i + 1)]}, {"x": 0})
