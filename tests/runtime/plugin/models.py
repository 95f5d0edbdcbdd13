"""Models with sparse weights, and sessions on them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnx.parser
import onnx_graphsurgeon as gs
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from onnxprune.graph import Packed, from_bytes, sparse_matmul, to_proto, use_domain
from onnxprune.runtime import plugin, run, session_options

Array = np.ndarray


def sparse(k: int, n: int, block: tuple[int, int] = (16, 1), *, kept: float = 0.2, seed: int = 0) -> Array:
    """A weight [k, n] that keeps about this share of its blocks of (out, in) elements."""
    rng = np.random.default_rng(seed)
    out, into = block
    mask = np.kron(rng.random((-(-k // into), -(-n // out))) < kept, np.ones((into, out)))[:k, :n]
    return np.asarray(rng.standard_normal((k, n)) * mask, np.float32)


def noise(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def model(text: str, weights: Mapping[str, Array] | None = None, opset: int = 18) -> bytes:
    """A serialized model from ONNX text, with these stored tensors."""
    proto = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]>\n{text}')
    for name, values in (weights or {}).items():
        proto.graph.initializer.append(numpy_helper.from_array(values, name))
    return proto.SerializeToString()


def packed_model(packed: Packed, rank: int = 2, *, bias: Array | None = None, **options: Any) -> bytes:
    """A model of one SparseMatMul: y from x of this rank, and from `residual` where the options say so."""
    axes = ", ".join([*"abc"[: rank - 1], str(packed.k)])
    made = ", ".join([*"abc"[: rank - 1], str(packed.n)])
    extra = f", float[{made}] residual" if options.pop("residual", False) else ""
    carrier = from_bytes(model(f"g (float[{axes}] x{extra}) => (float[{made}] y) {{ y = Identity(x) }}"))
    graph = carrier.graph
    if extra:
        options["residual"] = graph.inputs[1]
    x, y = graph.inputs[0], graph.outputs[0]
    graph.nodes[0].outputs.clear()
    constant = None if bias is None else gs.Constant("bias", bias)
    graph.nodes[:] = [sparse_matmul(packed, x, y, name="layer", bias=constant, **options)]
    use_domain(carrier)
    return to_proto(carrier).SerializeToString()


def cpu(model: bytes, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """What ONNX Runtime's own CPU provider computes."""
    options = session_options(optimize=False)
    return run(ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]), feeds)


def opened(model: bytes, *, threads: int = 1, provider: bool = True, **settings: float) -> ort.InferenceSession:
    """A session with the plug-in. Its provider takes every layer unless the settings say otherwise."""
    options = plugin.session_options(session_options(threads=threads), provider=provider, **settings)
    if _tells():
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return ort.InferenceSession(model, options, enable_fallback=0)


def everything(model: bytes, **settings: float) -> ort.InferenceSession:
    return opened(model, **{"min_gain": 0, **settings})


def taken(session: ort.InferenceSession) -> list[list[str]]:
    """The ops that the provider took, layer by layer. ONNX Runtime tells since 1.24; the test is left there before."""
    if not _tells():
        pytest.skip("this ONNX Runtime doesn't tell who runs what")
    return [
        sorted(node.op_type for node in part.get_nodes())
        for part in session.get_provider_graph_assignment_info()
        if part.ep_name == plugin.EP_NAME
    ]


def close(one: Array, other: Array, tolerance: float = 1e-5) -> bool:
    """Whether the largest difference is below this share of the largest value."""
    return one.shape == other.shape and bool(
        np.abs(one - other).max(initial=0) <= tolerance * np.abs(other).max(initial=1)
    )


def _tells() -> bool:
    return tuple(int(part) for part in ort.__version__.split(".")[:2]) >= (1, 24)
