"""SparseMatMul nodes as ONNX Runtime's CUDA provider runs them, against its own MatMul: chains of equal layers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs
import onnxruntime as ort

from onnxprune.graph import from_proto, sparse_matmul, spell_out, to_proto, use_domain
from tools.gpu_check.weights import FORMS, Form, weight

CUDA = "CUDAExecutionProvider"
ROWS = (128, 1024)
LAYERS = 8
_REPEATS = 20


@dataclass(frozen=True)
class Figure:
    """Of a chain of LAYERS pairs of layers, k to n and back. gain: dense time divided by sparse time; placed: where
    ONNX Runtime put the nodes, as far as it tells; right: whether both chains compute the same, on that provider."""

    form: str
    zeros: float
    number: str
    m: int
    k: int
    n: int
    gain: float
    ms: float
    placed: str
    right: bool


def why_not(library: Path) -> str:
    """Why nothing can be measured; "" if it can."""
    del library  # a plug-in without CUDA would run on the CPU, and `placed` would say so
    if CUDA not in ort.get_available_providers():
        return "the installed ONNX Runtime has no CUDA (onnxruntime-gpu has)"
    try:
        session(chain(FORMS[0], 64, 64, np.float16)[1], None, CUDA)
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        return f"ONNX Runtime can't start its CUDA provider: {str(error).splitlines()[0]}"
    return ""


def measured(
    library: Path, shapes: Sequence[tuple[int, int]], rows: Sequence[int], rounds: int, provider: str = CUDA
) -> Iterator[Figure]:
    """Every form, type, shape and number of rows. provider: the one to measure on."""
    for k, n in shapes:
        for form in FORMS:
            for dtype in (np.float16, np.float32):
                sparse, dense = chain(form, k, n, dtype)
                ours, theirs = session(sparse, library, provider), session(dense, None, provider)
                for m in rows:
                    x = np.random.default_rng(m).standard_normal((m, k)).astype(dtype)
                    calls = [_bound(one, x, provider) for one in (ours, theirs)]
                    got, wanted = (np.asarray(call(), np.float64) for call in calls)
                    right = bool(np.abs(got - wanted).max() <= 5e-2 * np.abs(wanted).max())
                    one, other = _times(calls, rounds)
                    name = np.dtype(dtype).name
                    yield Figure(form.name, form.zeros, name, m, k, n, other / one, one, _placed(ours), right)


def chain(form: Form, k: int, n: int, dtype: type[np.floating[Any]], layers: int = LAYERS) -> tuple[bytes, bytes]:
    """Layers k to n with a Relu, and back to k, one after the other: packed, and with dense weights."""
    x = made = gs.Variable("x", dtype, ["m", k])
    nodes = []
    for i in range(2 * layers):
        sizes = (k, n) if i % 2 == 0 else (n, k)
        packed, _ = weight(form, *sizes, dtype, seed=i)
        y = gs.Variable(f"y{i}", dtype, ["m", sizes[1]])
        bias = gs.Constant(f"bias{i}", np.full(sizes[1], 0.1, dtype))
        activation = "relu" if i % 2 == 0 else "none"
        nodes.append(sparse_matmul(packed, made, y, name=f"layer{i}", bias=bias, activation=activation))
        made = y
    graph = gs.Graph(nodes, [x], [made], opset=18)
    model = from_proto(gs.export_onnx(graph))
    use_domain(model)
    packed_bytes = to_proto(model).SerializeToString()
    spell_out(model)
    return packed_bytes, to_proto(model).SerializeToString()


def session(model: bytes, library: Path | None, provider: str) -> ort.InferenceSession:
    """A session on a provider, without a silent fallback."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if tuple(int(part) for part in ort.__version__.split(".")[:2]) >= (1, 24):
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if library is not None:
        options.register_custom_ops_library(str(library))
    made = ort.InferenceSession(model, options, providers=[provider], enable_fallback=0)
    if provider not in made.get_providers():
        raise RuntimeError(f"{provider} did not start")
    return made


def _placed(made: ort.InferenceSession) -> str:
    if not hasattr(made, "get_provider_graph_assignment_info"):
        return "not told"
    parts = made.get_provider_graph_assignment_info()
    where = {part.ep_name for part in parts if any(node.op_type == "SparseMatMul" for node in part.get_nodes())}
    return ", ".join(sorted(where))


def _bound(made: ort.InferenceSession, x: np.ndarray, provider: str) -> Any:
    """A call whose input and output stay where the provider computes; it returns a copy of the output."""
    device = "cuda" if provider == CUDA else "cpu"
    binding = made.io_binding()
    binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x, device, 0))
    binding.bind_output(made.get_outputs()[0].name, device, 0)

    def call(fetch: bool = True) -> Any:
        made.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()[0] if fetch else None

    return call


def _times(calls: Sequence[Any], rounds: int) -> list[float]:
    """Medians in milliseconds, by the wall: a run with bindings returns when the GPU is done."""
    taken: list[list[float]] = [[] for _ in calls]
    for turn in range(rounds + 3):
        for call, times in zip(calls, taken, strict=True):
            start = time.perf_counter()
            for _ in range(_REPEATS):
                call(fetch=False)
            if turn >= 3:
                times.append((time.perf_counter() - start) * 1000 / _REPEATS)
    return [median(times) for times in taken]
