"""The kernels through their C interface, against cuBLAS as torch calls it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from onnxprune.graph import Packed
from tools import native_kernels
from tools.gpu_check.weights import FORMS, weight

if TYPE_CHECKING:
    import torch

SHAPES = ("768x768", "768x3072", "3072x768", "4096x4096", "4096x11008")
ROWS = (1, 16, 128, 1024, 4096)

_NUMBERS = {"float16": 1, "bfloat16": 2, "float32": 0}
_TOLERANCES = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 4e-3}
"""Of the largest number of Y: half a last place, and float32 is multiplied as tf32."""
_REPEATS = 20


@dataclass(frozen=True)
class Figure:
    """gain: cuBLAS' time in the same type of X divided by ours; us: of ours; right: whether both agree;
    semi_structured: 2:4 only, torch's own sparse time (cuSPARSELt's) divided by ours, where torch has that."""

    form: str
    zeros: float
    number: str
    m: int
    k: int
    n: int
    kernel: str
    gain: float
    us: float
    dense_us: float
    right: bool
    semi_structured: float | None = None


def why_not(library: Path) -> str:
    """Why nothing can be measured; "" if it can."""
    if not _load(library).onnxprune_cuda_built():
        return "the plug-in was built without CUDA"
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return "" if torch.cuda.is_available() else "torch sees no GPU"


def measured(library: Path, shapes: Sequence[tuple[int, int]], rows: Sequence[int], rounds: int) -> Iterator[Figure]:
    """Every form, type, shape and number of rows, one after the other."""
    import torch

    for k, n in shapes:
        for form in FORMS:
            for number in _NUMBERS:
                dtype = np.float32 if number == "float32" else np.float16
                packed, dense = weight(form, k, n, dtype)
                if number == "bfloat16":
                    dense = torch.from_numpy(dense).bfloat16().float().numpy()
                multiply = OnGpu(library, packed, number)
                for m in rows:
                    torch.manual_seed(m)
                    x = torch.randn(m, k, device="cuda", dtype=getattr(torch, number))
                    w = torch.from_numpy(dense).to("cuda", x.dtype)
                    yield _figure(multiply, x, w, rounds, form=form.name, zeros=form.zeros, number=number)


def _figure(
    multiply: OnGpu, x: torch.Tensor, w: torch.Tensor, rounds: int, *, form: str, zeros: float, number: str
) -> Figure:
    import torch

    exact = x.double() @ w.double()
    y = multiply(x)
    tolerance = 4e-2 if multiply.int8 else _TOLERANCES[number]
    right = bool((y.double() - exact).abs().max() <= tolerance * exact.abs().max())
    calls: list[Callable[[], Any]] = [lambda: multiply(x, y), lambda: torch.matmul(x, w)]
    if form == "2:4" and number != "float32":
        calls += _semi_structured(x, w)
    ours, dense, *theirs = _times(calls, rounds)
    m, (k, n) = len(x), w.shape
    other = theirs[0] / ours if theirs else None
    return Figure(form, zeros, number, m, k, n, multiply.kernel, dense / ours, ours, dense, right, other)


def _semi_structured(x: torch.Tensor, w: torch.Tensor) -> list[Callable[[], Any]]:
    """The same product by torch's own 2:4, if this torch and this GPU have it."""
    from torch.nn.functional import linear
    from torch.sparse import to_sparse_semi_structured

    try:
        sparse = to_sparse_semi_structured(w.t().contiguous())
        linear(x, sparse)
    except Exception:  # torch says in many ways that it can't
        return []
    return [lambda: linear(x, sparse)]


def _times(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Medians in microseconds of calls that take turns, by the GPU's clock."""
    import torch

    taken: list[list[float]] = [[] for _ in calls]
    for turn in range(rounds + 3):
        for call, times in zip(calls, taken, strict=True):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(_REPEATS):
                call()
            end.record()
            torch.cuda.synchronize()
            if turn >= 3:
                times.append(start.elapsed_time(end) * 1000 / _REPEATS)
    return [median(times) for times in taken]


class OnGpu:
    """A packed weight on the GPU. Raises ValueError where the library refuses, or a kernel can't be started."""

    def __init__(self, library: Path, packed: Packed, number: str) -> None:
        self._lib = _load(library)
        self._n, self.int8 = packed.n, packed.scales is not None
        values = packed.values if self.int8 else packed.values.astype(np.float32)
        arrays = [np.ascontiguousarray(a) for a in (values, packed.index) if a is not None]
        pointer, scales = packed.pointer, packed.scales
        view = native_kernels.Packed(
            packed.k, packed.n, *packed.block, *(packed.group or (0, 0)), int(self.int8),
            {1: 0, 2: 1, 4: 2}[packed.index.itemsize], *(a.ctypes.data for a in arrays),
            None if pointer is None else pointer.ctypes.data, None if scales is None else scales.ctypes.data,
            packed.index.size,
        )  # fmt: skip
        self._cuda = self._lib.onnxprune_cuda_create(ctypes.byref(view), ctypes.c_int32(_NUMBERS[number]))
        if not self._cuda:
            raise ValueError(self._lib.onnxprune_last_error().decode())
        self.kernel = str(self._lib.onnxprune_cuda_kernel(ctypes.c_void_p(self._cuda)).decode())

    def __del__(self) -> None:
        if getattr(self, "_cuda", None):
            self._lib.onnxprune_cuda_free(ctypes.c_void_p(self._cuda))

    def __call__(self, x: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        """y [m, n] for x [m, k], in x's type, on torch's stream."""
        import torch

        made = torch.empty(len(x), self._n, device=x.device, dtype=x.dtype) if y is None else y
        stream = torch.cuda.current_stream().cuda_stream
        failed = self._lib.onnxprune_cuda_run(
            ctypes.c_void_p(self._cuda), ctypes.c_void_p(x.data_ptr()), ctypes.c_int64(len(x)),
            ctypes.c_void_p(made.data_ptr()), None, ctypes.c_void_p(stream),
        )  # fmt: skip
        if failed:
            raise ValueError(self._lib.onnxprune_last_error().decode())
        return made


def _load(library: Path) -> ctypes.CDLL:
    lib = ctypes.CDLL(str(library))
    lib.onnxprune_cuda_create.restype = ctypes.c_void_p
    for name in ("onnxprune_last_error", "onnxprune_cuda_kernel"):
        getattr(lib, name).restype = ctypes.c_char_p
    return lib
