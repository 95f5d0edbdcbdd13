"""Other tools and their virtual environments: made once, in the cache folder, with pinned versions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from onnxprune.cache import cache_folder
from tools.results import ROOT

TORCH_PRUNING, ONNXSIM, QONNX = "torch-pruning==1.6.1", "onnxsim==0.8.1", "qonnx==1.0.0"
STEPS: tuple[tuple[str, ...], ...] = (
    ("torch==2.13.0",),
    ("--editable", f"{ROOT}[torch,transformers]", "pillow"),
    # These would replace torch by the one that they were built for.
    ("--no-deps", "torchvision==0.28.0", "timm==1.0.31"),
    (TORCH_PRUNING, ONNXSIM),
    # It asks for older versions of what the others need.
    ("--no-deps", QONNX),
    ("toposort", "bitstring", "clize", "sigtools"),
)


def interpreter() -> Path:
    """Python of the environment, which is made at first use. Raises CalledProcessError where pip fails."""
    return environment("peers", STEPS)


def environment(name: str, steps: Sequence[Sequence[str]]) -> Path:
    """Python of an environment in the cache folder, made anew where it wasn't made by these steps of pip."""
    folder = cache_folder() / name
    python = folder / "bin" / "python"
    stamp, wanted = folder / "steps", hashlib.sha256(repr(steps).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"making an environment in {folder}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    for step in steps:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *step], check=True)
    stamp.write_text(wanted)
    return python


def packages(names: Sequence[str]) -> Path:
    """A folder in the cache folder with some packages, without what they need, for the import path of any Python.

    Made at first use; there is one for every set of names and versions. Raises CalledProcessError where pip fails.
    """
    folder = cache_folder() / "packages" / "+".join(sorted(names))
    if not folder.exists():
        print(f"installing {', '.join(names)} in {folder}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="onnxprune-packages-") as fresh:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", fresh, *names]
            subprocess.run(command, check=True)
            shutil.copytree(fresh, folder)
    return folder
