"""Models with data beside them, for recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.conftest import stored
from tests.nets import CNN

PRODUCTS = """agraph (float[batch,64] x) => (float[batch,8] y) <float[64,96] a, float[96,64] b, float[64,8] c>
{
  h = MatMul(x, a)
  r = Relu(h)
  k = MatMul(r, b)
  s = Relu(k)
  y = MatMul(s, c)
}"""


def place(folder: Path, text: str = CNN, samples: int = 40) -> Path:
    """model.onnx and calib.npz, in a folder; returns the model."""
    shape = (3, 16, 16) if text == CNN else (64,)
    drawn = np.cumsum(np.random.default_rng(0).standard_normal((samples, *shape)), axis=-1)
    np.savez(folder / "calib.npz", x=drawn.astype(np.float32))
    return stored(text, folder / "model.onnx")
