"""The sparse kernels against ONNX Runtime's own MatMul, op by op, in one process and on one thread.

    python -m tools.bench_sparse [--formats 64x1 32x4:int8] [--m 1 128] [--shapes 768x768] [--zeros 0.9] [--json FILE]
                                 [--keep [PROCESSOR]]

Formats in float32 are measured against MatMul, those of int8 against what `quantize_dynamic` makes of it, which ONNX
Runtime fuses into one DynamicQuantizeMatMul; `float_gain` in the JSON is theirs over MatMul in float32.

With --keep figures go to tools/measured/, under the processor's name, and docs/kernels.md is written.

Every figure is the ratio of two medians of thread CPU time, whose samples were taken in turns. Weights and activations
are hot: where a whole model's weights don't fit the caches, sparse ones gain more.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import quantize_dynamic

from onnxprune.runtime.environment import environment
from onnxprune.runtime.interleave import Call, Clocks, Effort, interleave
from tools.native_kernels import Spmm, aligned

FORMATS = ("64x1", "32x1", "16x1", "8x1", "4x1", "8x8", "1x16", "1x1", "2:4")
INT8 = ("32x4:int8", "16x4:int8", "8x4:int8", "4x4:int8", "4x1:int8")
SHAPES = ("768x768", "768x3072", "3072x768")


@dataclass(frozen=True)
class Figure:
    """One measurement. gain: ONNX Runtime's time in the same type divided by ours, float_gain: that in float32;
    us: microseconds per product."""

    format: str
    zeros: float
    m: int
    k: int
    n: int
    kernel: str
    gain: float
    us: float
    dense_us: float
    float_gain: float


def masked(rng: np.random.Generator, k: int, n: int, block: tuple[int, int], zeros: float) -> np.ndarray:
    """W [k, n] with the share `zeros` of its blocks (outputs, inputs) set to zero, at random."""
    columns, rows = -(-n // block[0]), -(-k // block[1])
    stays = np.zeros(rows * columns, np.float32)
    stays[rng.permutation(len(stays))[: round((1 - zeros) * len(stays))]] = 1
    mask = stays.reshape(rows, columns).repeat(block[1], 0).repeat(block[0], 1)[:k, :n]
    return np.asarray(rng.standard_normal((k, n)) * mask, np.float32)


def dense_call(w: np.ndarray, m: int, copies: int, *, int8: bool = False) -> Call:
    """`copies` MatMuls with one weight and inputs of their own, which share what a session's run costs.

    int8: quantised by `quantize_dynamic`, with a scale for every output as ours have.
    """
    helper, (k, n) = onnx.helper, w.shape
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", [f"x{i}", "w"], [f"y{i}"]) for i in range(copies)],
        "dense",
        [info(f"x{i}", onnx.TensorProto.FLOAT, [m, k]) for i in range(copies)],
        [info(f"y{i}", onnx.TensorProto.FLOAT, [m, n]) for i in range(copies)],
        [onnx.numpy_helper.from_array(w, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    made = _quantised(model) if int8 else model.SerializeToString()
    session = ort.InferenceSession(made, options, providers=["CPUExecutionProvider"])
    binding, x = session.io_binding(), np.random.default_rng(0).standard_normal((m, k)).astype(np.float32)
    for i in range(copies):
        binding.bind_ortvalue_input(f"x{i}", ort.OrtValue.ortvalue_from_numpy(x))
        binding.bind_ortvalue_output(f"y{i}", ort.OrtValue.ortvalue_from_shape_and_type([m, n], np.float32))
    return lambda: session.run_with_iobinding(binding)


def _quantised(model: onnx.ModelProto) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        logging.getLogger().setLevel(logging.ERROR)  # it advises to prepare the model, which has one kind of node
        quantize_dynamic(model, path, per_channel=True, extra_options={"MatMulConstBOnly": True})
        return path.read_bytes()


def sparse_call(spmm: Spmm, m: int, copies: int) -> Call:
    """The same by our kernel."""
    rng = np.random.default_rng(0)
    x, y, scratch = aligned(m * spmm.k).reshape(m, spmm.k), aligned(m * spmm.n).reshape(m, spmm.n), spmm.scratch(m)
    x[:] = rng.standard_normal(x.shape)
    return lambda: spmm.run(x, y, scratch, times=copies)


def prepared(name: str, k: int, n: int, zeros: float) -> Spmm:
    """A weight of this format; that of N:M has the zeros that its name says."""
    rng, int8 = np.random.default_rng(1), name.endswith(":int8")
    name = name.removesuffix(":int8")
    if ":" in name:
        kept, group = (int(part) for part in name.split(":"))
        return Spmm(rng.standard_normal((k, n)), group=(kept, group), int8=int8)
    outputs, inputs = (int(part) for part in name.split("x"))
    return Spmm(masked(rng, k, n, (outputs, inputs), zeros), (outputs, inputs), int8=int8)


def measured(
    k: int, n: int, m: int, formats: Sequence[str], zeros: Sequence[float], effort: Effort
) -> Iterator[Figure]:
    """Every format at every sparsity against one dense session."""
    copies = 1 if m >= 128 else 4 if m >= 32 else 16
    fixed = [":" in name.removesuffix(":int8") for name in formats]
    names = [(name, share) for name, one in zip(formats, fixed, strict=True) for share in zeros[: 1 if one else None]]
    weights = [prepared(name, k, n, share) for name, share in names]
    w = np.random.default_rng(2).standard_normal((k, n)).astype(np.float32)
    dense = [dense_call(w, m, copies, int8=int8) for int8 in (False, True)]
    calls = [*dense, *[sparse_call(weight, m, copies) for weight in weights]]
    samples = interleave(calls, effort, clocks=Clocks(wall=time.perf_counter, cpu=time.thread_time))
    whole, narrow, *others = [median(sample.cpu) / copies * 1e6 for sample in samples]
    for (name, share), weight, us in zip(names, weights, others, strict=True):
        base = narrow if name.endswith(":int8") else whole
        yield Figure(name, share, m, k, n, weight.kernel(m), base / us, us, base, whole / us)


def table(figures: Sequence[Figure]) -> str:
    """Markdown: a row per format, sparsity and shape, a column per number of rows."""
    ms = sorted({figure.m for figure in figures})
    lines = ["| format | zeros | K x N | " + " | ".join(f"M={m}" for m in ms) + " |", "|---" * (3 + len(ms)) + "|"]
    cells: dict[tuple[str, float, str], dict[int, str]] = {}
    for f in figures:
        cells.setdefault((f.format, f.zeros, f"{f.k}x{f.n}"), {})[f.m] = f"{f.gain:.2f}"
    for (name, zeros, shape), row in cells.items():
        lines.append(f"| {name} | {zeros:.0%} | {shape} | " + " | ".join(row.get(m, "") for m in ms) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", nargs="+", default=(*FORMATS, *INT8))
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument("--m", nargs="+", type=int, default=(1, 8, 32, 128, 384))
    parser.add_argument("--zeros", nargs="+", type=float, default=(0.5, 0.8, 0.9))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", metavar="PROCESSOR", nargs="?", const=environment().cpu)
    asked = parser.parse_args(arguments)
    effort = Effort(rounds=asked.rounds, warmup=1, min_seconds=0.002)
    figures: list[Figure] = []
    for shape in asked.shapes:
        k, n = (int(part) for part in shape.split("x"))
        for m in asked.m:
            figures += measured(k, n, m, asked.formats, asked.zeros, effort)
    print(table(sorted(figures, key=lambda f: (asked.formats.index(f.format), f.zeros, f.k * 10000 + f.n, f.m))))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    if asked.keep:
        from tools import page_kernels  # which knows these figures

        page_kernels.keep(figures, page_kernels.kept(), asked.keep)
        print(page_kernels.write())


if __name__ == "__main__":
    main()
