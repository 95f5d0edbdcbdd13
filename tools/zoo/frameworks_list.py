"""Graphs of Keras on TensorFlow (by tf2onnx) and of JAX with Flax (by jax2onnx), in environments of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.zoo.entry import Entry

FAMILY = "other frameworks"
_STEPS = {
    "keras": (("tensorflow-cpu==2.21.0", "keras==3.15.1", "tf2onnx==1.17.0"),),
    "jax": (("jax==0.10.2", "flax==0.12.8", "jax2onnx==0.17.1"),),
}
_NETS = {
    "keras": "mlp cnn residual separable unet temporal lstm bigru transformer mobilenet efficientnet".split(),
    "jax": "mlp cnn residual transformer mixer gru".split(),
}


def entries() -> list[Entry]:
    """The list."""
    return [Entry(f"{kind}.{name}", FAMILY, _make(kind, name)) for kind, names in _NETS.items() for name in names]


def _make(kind: str, name: str) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        from onnxprune.runtime import session
        from tools.peer_environment import environment

        python = environment(kind, _STEPS[kind])
        # Isolated, so that the modules of this folder don't stand in for the framework's own.
        program = Path(__file__).with_name(f"{kind}_nets.py")
        done = subprocess.run([str(python), "-P", str(program), name, str(file)], capture_output=True, text=True)
        if done.returncode or not file.exists():
            raise ValueError(f"{kind} can't export {name}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        session(file)

    return make
