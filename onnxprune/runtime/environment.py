"""What a measurement was made with: versions, processor, threads."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from onnxprune._version import __version__

_CPU_INFO = Path("/proc/cpuinfo")
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")


@dataclass(frozen=True, slots=True)
class Environment:
    """Versions of what takes part, the processor's name, and what ONNX Runtime was told to use."""

    onnxprune: str
    onnxruntime: str
    onnx: str
    numpy: str
    python: str
    system: str
    cpu: str
    threads: int
    provider: str


def environment(threads: int = 1, provider: str = "cpu") -> Environment:
    """The environment of this process."""
    return Environment(
        onnxprune=__version__,
        onnxruntime=_version(*_RUNTIMES),
        onnx=_version("onnx"),
        numpy=_version("numpy"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        threads=threads,
        provider=provider,
    )


def _version(*packages: str) -> str:
    """The version of the first of these distributions that is installed."""
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"


def _cpu() -> str:
    """The processor's name: Linux has it in a file, other systems in `platform`."""
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model") and value.strip():
                return value.strip()
    return platform.processor() or platform.machine() or "unknown"
