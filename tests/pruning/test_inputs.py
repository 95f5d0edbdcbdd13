"""Made-up inputs: samples come together where the model runs on several."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from onnxprune.pruning.inputs import Inputs, open_inputs
from tests.oracle import build

FREE = "agraph (float[n,4] x) => (float[n,2] y) <float[4,2] w> { y = MatMul(x, w) }"
SAYS_SO = """agraph (float[n,4] x) => (float[2,2] y) <float[4,2] w, int64[2] shape = {2, 2}>
{ k = MatMul(x, w) p = Concat<axis=0>(k, k) y = Reshape(p, shape) }"""
FIXED = "agraph (float[1,4] x) => (float[1,2] y) <float[4,2] w> { y = MatMul(x, w) }"


@pytest.mark.parametrize(("text", "rows"), [(FREE, (32, 8)), (SAYS_SO, (1,) * 40), (FIXED, (1,) * 40)])
def test_how_many_come_together(tmp_path: Path, text: str, rows: tuple[int, ...]) -> None:
    onnx.save(build(text), tmp_path / "model.onnx")
    assert open_inputs(tmp_path / "model.onnx", Inputs(samples=40), 0).rows == rows
