"""A machine whose times are a law, for models of four products."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from onnxprune.graph import Linear
from onnxprune.pruning.stopwatch import Stopwatch
from onnxprune.sparse import Pattern, Speed, Wanted
from tests.oracle import build

NET = """agraph (float[4,8,64] x) => (float[4,8,10] y)
<float[64,96] a, float[96] u, float[96,96] b, float[96] v, float[96,64] c, float[64,10] d>
{
  h = MatMul(x, a)
  i = Add(h, u)
  j = Relu(i)
  k = MatMul(j, b)
  l = Add(k, v)
  m = Relu(l)
  n = MatMul(m, c)
  o = Relu(n)
  y = MatMul(o, d)
}"""
SIZES = {"a": 64 * 96, "b": 96 * 96, "c": 96 * 64, "d": 640}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def law(monkeypatch: pytest.MonkeyPatch, source: Path) -> SimpleNamespace:
    """Time is what multiplications say, and a fifth more for the rest; the kernels are said to be `off` times as slow
    as they are."""
    found = SimpleNamespace(off=1.0, trials=[], units=1.0)
    weight = {name: float(size) for name, size in SIZES.items()}
    total = sum(weight.values())

    def timed(linear: Linear, patterns: list[Pattern], door: str, threads: int) -> Speed:
        dense = linear.inputs * linear.outputs / total
        parts = {str(p): [(s, found.off * (0.05 + 1.2 * (1 - s))) for s in (0.5, 0.9)] for p in patterns}
        return Speed(linear.rows, dense, parts)

    def sparse(self: Stopwatch, masks: Mapping[str, np.ndarray], zeros: Mapping[str, Wanted]) -> float:
        stays = {name.split("_")[0]: 0.05 + 1.2 * (1 - want.sparsity) for name, want in zeros.items()}
        named = {"h": "a", "k": "b", "n": "c", "y": "d"}
        units = float(np.mean([mask.mean() for mask in masks.values()])) if masks else 1.0
        work = sum(weight[named[name]] * stays.get(name, 1.0) for name in named) / total
        found.trials.append((units * work + 0.2) / 1.2)
        return float(found.trials[-1])

    monkeypatch.setattr("onnxprune.sparse.speeds.time_linear", timed)
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "")
    monkeypatch.setattr("onnxprune.sparse.speeds.conditions", lambda *_: "here")
    monkeypatch.setattr(Stopwatch, "sparse", sparse)
    monkeypatch.setattr(Stopwatch, "dense_seconds", 1.2)
    return found


def samples(folder: Path) -> str:
    """Data for the model of `source`, in a new folder: of few dimensions, as those of real models are."""
    folder.mkdir()
    random = np.random.default_rng(0)
    drawn = random.standard_normal((24, 4, 8, 12)) @ random.standard_normal((12, 64)) / 12**0.5
    for number, values in enumerate(drawn.astype(np.float32)):
        np.savez(folder / f"{number}.npz", x=values)
    return str(folder)
