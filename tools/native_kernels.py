"""The native kernels through their C interface, built when they are first needed.

A build is kept in the cache folder under a hash of its sources, so that unchanged sources are never built twice.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from onnxprune.cache import cache_folder

SOURCE = Path(__file__).resolve().parents[1] / "onnxprune" / "runtime" / "native"
LIBRARY, TEST, CUDA_TEST = "libonnxprune_kernels_c.so", "onnxprune_test", "onnxprune_cuda_test"
_SOURCES = {".h", ".cpp", ".txt", ".cu", ".cuh", ".cmake"}
ACTIVATIONS = ("none", "relu", "gelu_erf", "gelu_tanh", "silu")


def compiler_missing() -> str | None:
    """Why nothing can be built here, or None."""
    if shutil.which("cmake") is None:
        return "there is no cmake"
    compilers = [os.environ.get("CXX"), "c++", "g++", "clang++"]
    return None if any(name and shutil.which(name) for name in compilers) else "there is no C++ compiler"


def built(options: Sequence[str] = (), targets: Sequence[str] = ("onnxprune_kernels_c", TEST)) -> Path:
    """The folder with the built kernels: LIBRARY, TEST and CUDA_TEST, as far as they are among the targets.

    Options are cmake's own ("-DONNXPRUNE_SANITIZE=thread"). Raises subprocess.CalledProcessError, with the compiler's
    words in `output`, where the build fails.
    """
    folder = cache_folder() / "native" / _key([*options, *targets], left_out=("plugin",))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be building the same
        if folder.exists():
            return folder
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            _build(Path(work), options, targets)
            _keep(Path(work), folder)
    return folder


def state() -> str:
    """A hash of the source of the processor's kernels."""
    return _key([], left_out=("plugin", "cuda"))


def _key(words: Sequence[str], left_out: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join([*words, os.environ.get("CXX", "")]).encode())
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix in _SOURCES and not set(left_out) & set(file.parts):
            digest.update(str(file.relative_to(SOURCE)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:20]


def _build(work: Path, options: Sequence[str], targets: Sequence[str]) -> None:
    configure = ["cmake", "-S", str(SOURCE), "-B", str(work), "-DONNXPRUNE_TESTS=ON", "-DONNXPRUNE_CUDA=OFF", *options]
    if shutil.which("ninja"):
        configure += ["-G", "Ninja"]
    jobs = str(os.cpu_count() or 1)
    for command in (configure, ["cmake", "--build", str(work), "-j", jobs, "--target", *targets]):
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _keep(made: Path, folder: Path) -> None:
    """Move what was made to its place at once: a folder that is there is whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        whole = Path(work) / "whole"
        whole.mkdir()
        for file in (f"kernels/{LIBRARY}", f"kernels/{TEST}", f"cuda/{CUDA_TEST}"):
            if (made / file).exists():
                shutil.copy2(made / file, whole)
        whole.rename(folder)


class Packed(ctypes.Structure):
    """onnxprune_packed of c_api.h."""

    _fields_ = [
        *[(name, ctypes.c_int64) for name in ("k", "n", "block_out", "block_in", "kept", "group")],
        ("dtype", ctypes.c_int32),
        ("index_type", ctypes.c_int32),
        *[(name, ctypes.c_void_p) for name in ("values", "index", "pointer", "scales")],
        ("stored", ctypes.c_int64),
    ]


class Epilogue(ctypes.Structure):
    """onnxprune_epilogue of c_api.h."""

    _fields_ = [
        ("bias", ctypes.c_void_p),
        ("activation", ctypes.c_int32),
        ("unused", ctypes.c_int32),
        ("residual", ctypes.c_void_p),
        ("residual_stride", ctypes.c_int64),
    ]


@functools.cache
def library() -> ctypes.CDLL:
    """The shared library, with the types of what it returns."""
    lib = ctypes.CDLL(str(built() / LIBRARY))
    for name in ("pack_blocks", "pack_grouped", "quantise", "spmm_create"):
        getattr(lib, f"onnxprune_{name}").restype = ctypes.c_void_p
    for name in ("last_error", "cpu", "spmm_kernel"):
        getattr(lib, f"onnxprune_{name}").restype = ctypes.c_char_p
    for name in ("spmm_owned_bytes", "spmm_scratch_bytes"):
        getattr(lib, f"onnxprune_{name}").restype = ctypes.c_size_t
    return lib


def _failure() -> ValueError:
    return ValueError(library().onnxprune_last_error().decode())


def cpu() -> str:
    """The kernels' name for this processor: "avx512", "avx2", "neon" or "generic"."""
    return str(library().onnxprune_cpu().decode())


class Spmm:
    """W [k, n] in a pattern, ready to be multiplied.

    `block` is (outputs, inputs); with `group`, a pair (n, m), the weight is n of m instead. `level` lowers the
    processor as ONNXPRUNE_CPU does. With `int8`, the weight is quantised, and inputs are in every call. Raises
    ValueError where the library refuses.
    """

    def __init__(
        self,
        dense: np.ndarray,
        block: tuple[int, int] = (1, 1),
        group: tuple[int, int] | None = None,
        level: str | None = None,
        *,
        int8: bool = False,
    ) -> None:
        self.k, self.n = dense.shape
        lib, data = library(), np.ascontiguousarray(dense, np.float32)
        pack = lib.onnxprune_pack_grouped if group else lib.onnxprune_pack_blocks
        sizes = [ctypes.c_int64(size) for size in (self.k, self.n, *(group or block))]
        self._spmm, self._weight = None, pack(_pointer(data), *sizes)
        if not self._weight:
            raise _failure()
        if int8:
            whole, self._weight = self._weight, lib.onnxprune_quantise(ctypes.c_void_p(self._weight))
            lib.onnxprune_weight_free(ctypes.c_void_p(whole))
        self.view = Packed()
        lib.onnxprune_weight_view(ctypes.c_void_p(self._weight), ctypes.byref(self.view))
        self._spmm = lib.onnxprune_spmm_create(ctypes.byref(self.view), level.encode() if level else None)
        if not self._spmm:
            raise _failure()

    def __del__(self) -> None:
        if getattr(self, "_spmm", None):
            library().onnxprune_spmm_free(ctypes.c_void_p(self._spmm))
        if getattr(self, "_weight", None):
            library().onnxprune_weight_free(ctypes.c_void_p(self._weight))

    def kernel(self, m: int) -> str:
        """What runs for m rows."""
        return str(library().onnxprune_spmm_kernel(ctypes.c_void_p(self._spmm), ctypes.c_int64(m)).decode())

    def scratch(self, m: int) -> np.ndarray:
        """The scratch memory that m rows need."""
        size = library().onnxprune_spmm_scratch_bytes(ctypes.c_void_p(self._spmm), ctypes.c_int64(m), 1)
        return aligned(size // 4 + 16)

    def run(
        self,
        x: np.ndarray,
        y: np.ndarray,
        scratch: np.ndarray,
        *,
        bias: np.ndarray | None = None,
        activation: str = "none",
        residual: np.ndarray | None = None,
        times: int = 1,
    ) -> None:
        """y [m, n] = act(x [m, k] W + bias) + residual, all float32 and without gaps, `times` times over."""
        epilogue = Epilogue(_pointer(bias), ACTIVATIONS.index(activation), 0, _pointer(residual), self.n)
        library().onnxprune_spmm_repeat(
            ctypes.c_void_p(self._spmm), _pointer(x), ctypes.c_int64(len(x)), _pointer(y), ctypes.byref(epilogue),
            None, _pointer(scratch), ctypes.c_int64(times),
        )  # fmt: skip

    def __call__(self, x: np.ndarray, **epilogue: object) -> np.ndarray:
        """y [m, n] for x [m, k]; the epilogue as run() takes it."""
        y = np.full((len(x), self.n), np.nan, np.float32)
        self.run(np.ascontiguousarray(x, np.float32), y, self.scratch(len(x)), **epilogue)  # type: ignore[arg-type]
        return y

    def dense(self) -> np.ndarray:
        """W [k, n] as it is packed: int8 times the scales of outputs."""
        dense = np.empty((self.k, self.n), np.float32)
        if library().onnxprune_unpack(ctypes.byref(self.view), _pointer(dense)):
            raise _failure()
        return dense


def _pointer(array: np.ndarray | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def aligned(count: int) -> np.ndarray:
    """`count` float32 numbers that begin on a cache line."""
    room = np.zeros(count + 16, np.float32)
    start = -(room.ctypes.data // 4) % 16
    return room[start : start + count]
