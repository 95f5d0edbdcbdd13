"""Build the CUDA kernels, prove them, and measure them against cuBLAS and ONNX Runtime's CUDA provider; writes JSON.

    python -m tools.gpu_check [--json gpu.json] [--problems 300] [--rounds 30] [--shape 768x3072] [--m 128]

Needs a CUDA compiler to build; a GPU and a torch with CUDA to measure the kernels; onnxruntime-gpu to measure them as
ONNX Runtime runs them. What is missing is left out, and said. Without a GPU the kernels are proved on an emulated one.
Exits with 1 where a kernel is wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onnxprune.runtime.environment import environment
from tools.gpu_check import kernels, sessions
from tools.gpu_check.building import build, compiler
from tools.native_kernels import CUDA_TEST


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tools.gpu_check", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, default=Path("gpu.json"))
    parser.add_argument("--problems", type=int, default=300, help="random products of the proof")
    parser.add_argument("--rounds", type=int, default=30, help="turns of a measurement")
    parser.add_argument("--shape", action="append", help="inputs x outputs; may be repeated")
    parser.add_argument("--m", action="append", type=int, help="rows of X; may be repeated")
    asked = parser.parse_args(arguments)
    shapes = [(int(k), int(n)) for k, n in (text.split("x") for text in asked.shape or kernels.SHAPES)]
    found: dict[str, Any] = {"environment": asdict(environment()), "gpu": gpu(), "compiler": compiler()}
    folder = build()
    found["proof"] = proof(folder / CUDA_TEST, asked.problems)
    print(found["proof"]["said"])
    library = folder / "libonnxprune_ort.so"
    for name, part in (("kernels", kernels), ("sessions", sessions)):
        reason = part.why_not(library)
        if reason:
            found[name] = {"left_out": reason}
            print(f"{name}: not measured: {reason}")
            continue
        found[name] = []
        for figure in part.measured(library, shapes, asked.m or part.ROWS, asked.rounds):
            found[name].append(asdict(figure))
            print(figure)
    asked.json.write_text(json.dumps(found, indent=1) + "\n")
    print(asked.json)
    return 0 if found["proof"]["right"] and all(_right(found[name]) for name in ("kernels", "sessions")) else 1


def _right(figures: Any) -> bool:
    return isinstance(figures, dict) or all(figure["right"] for figure in figures)


def gpu() -> str | None:
    """The GPU's name and driver, or None."""
    if shutil.which("nvidia-smi") is None:
        return None
    ask = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None


def proof(program: Path, problems: int) -> dict[str, Any]:
    """What the native test says of random products against float64, emulated and on the GPU."""
    done = subprocess.run([str(program), str(problems), "1"], capture_output=True, text=True, check=False)
    return {"right": done.returncode == 0, "said": (done.stdout + done.stderr).strip()}


if __name__ == "__main__":
    sys.exit(main())
