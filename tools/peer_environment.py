"""The virtual environment of the other tools: made once, in the cache folder, with pinned versions."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from models.packages import cache_root
from tools.results import ROOT

TORCH_PRUNING, ONNXSIM = "torch-pruning==1.6.1", "onnxsim==0.8.1"
STEPS: tuple[tuple[str, ...], ...] = (
    ("torch==2.13.0",),
    ("--editable", f"{ROOT}[torch,transformers]", "pillow"),
    # These would replace torch by the one that they were built for.
    ("--no-deps", "torchvision==0.28.0", "timm==1.0.31"),
    (TORCH_PRUNING, ONNXSIM),
)


def interpreter() -> Path:
    """Python of the environment, which is made at first use. Raises CalledProcessError where pip fails."""
    folder = cache_root() / "peers"
    python = folder / "bin" / "python"
    stamp, wanted = folder / "steps", hashlib.sha256(repr(STEPS).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"making the environment of the other tools in {folder}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    for step in STEPS:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *step], check=True)
    stamp.write_text(wanted)
    return python
