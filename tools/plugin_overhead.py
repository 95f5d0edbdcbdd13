"""What a node of the plug-in costs besides its arithmetic, beside a node of ONNX Runtime's CPU provider.

    python -m tools.plugin_overhead [--nodes 200] [--width 16] [--rounds 200]

A chain of tiny layers: MatMul in the CPU provider, SparseMatMul in a file, and the same MatMuls taken by the provider.
All run in turns in one process, on one thread; a figure is the fewest microseconds of a run for each node.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from onnxprune.graph import from_bytes, is_sparse_matmul, pack, sparse_matmul, to_proto, use_domain
from onnxprune.runtime import Effort, interleave, plugin, prepare, session, session_options


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.plugin_overhead", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=200)
    wanted = parser.parse_args(arguments)
    weights = _weights(wanted.nodes, wanted.width)
    calls = _calls(weights, wanted.width)
    effort = Effort(wanted.rounds, 3, 0.002, 60.0)
    samples = interleave(list(calls.values()), effort)
    print(
        f"ONNX Runtime {ort.__version__}, {plugin.instructions()}, {wanted.nodes} nodes {wanted.width}x{wanted.width}"
    )
    for name, taken in zip(calls, samples, strict=True):
        print(f"{name:>10}  {min(taken.cpu) / wanted.nodes * 1e6:.2f} us a node")
    return 0


def _weights(nodes: int, width: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.asarray(rng.standard_normal((width, width)) / width**0.5, np.float32) for _ in range(nodes)]


def _calls(weights: Sequence[np.ndarray], width: int) -> dict[str, Callable[[], Any]]:
    dense = _chain(weights, width)
    options = plugin.session_options(session_options(), min_gain=0)
    taken = ort.InferenceSession(dense, options, enable_fallback=0)
    feeds = {"x": np.ones((1, width), np.float32)}
    sessions = {"cpu": session(dense), "operator": session(_packed(dense)), "provider": taken}
    return {name: prepare(loaded, feeds) for name, loaded in sessions.items()}


def _chain(weights: Sequence[np.ndarray], width: int) -> bytes:
    names = ["x", *(f"h{i}" for i in range(1, len(weights))), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(len(weights))]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name in "xy")
    stored = [numpy_helper.from_array(weight, f"w{i}") for i, weight in enumerate(weights)]
    graph = helper.make_graph(nodes, "chain", [x], [y], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


def _packed(dense: bytes) -> bytes:
    """The same chain with every weight packed."""
    model = from_bytes(dense)
    for at, node in enumerate(list(model.graph.nodes)):
        x, weight = node.inputs
        (y,) = node.outputs
        node.outputs.clear()
        assert isinstance(weight, gs.Constant)
        model.graph.nodes[at] = sparse_matmul(pack(weight.values, (16, 1)), x, y, name=f"layer{at}")
    assert all(map(is_sparse_matmul, model.graph.nodes))
    use_domain(model)
    return bytes(to_proto(model).SerializeToString())


if __name__ == "__main__":
    sys.exit(main())
