"""The plug-in and the native test, with CUDA where there is a compiler for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from onnxprune.cache import cache_folder
from tools.native_kernels import CUDA_TEST, SOURCE

FOLDER = "gpu-check"


def compiler() -> str | None:
    """The CUDA compiler's version, or None where there is none."""
    program = os.environ.get("CUDACXX") or shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
    if shutil.which(program) is None:
        return None
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def build() -> Path:
    """A folder with CUDA_TEST and the plug-in; what is built is kept, and only what changed is built again.

    Raises subprocess.CalledProcessError, whose words went to the terminal, where that fails.
    """
    work = cache_folder() / FOLDER
    ready = work / "ready"
    ready.mkdir(parents=True, exist_ok=True)
    options = ["-DONNXPRUNE_TESTS=ON", f"-DONNXPRUNE_CUDA={'ON' if compiler() else 'OFF'}"]
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    subprocess.run(["cmake", "-S", str(SOURCE), "-B", str(work / "build"), *generator, *options], check=True)
    jobs = ["-j", str(os.cpu_count() or 1)]
    targets = ["--target", CUDA_TEST, "onnxprune_ort"]
    subprocess.run(["cmake", "--build", str(work / "build"), *jobs, *targets], check=True)
    for made in (f"cuda/{CUDA_TEST}", "plugin/libonnxprune_ort.so"):
        shutil.copy2(work / "build" / made, ready)
    return ready
