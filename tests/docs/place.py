"""A folder where the commands of pages run: small models with the names that the pages use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.gate.keys import STANDARD
from onnxprune.pruning.evolution import Minutes
from tests.cli.conftest import stored
from tests.nets import CNN
from tests.oracle import build

RESIDUAL = """agraph (float[1,8,4,4] x) => (float[1,8,4,4] y)
<float[16,8,1,1] a, float[8,16,1,1] b, float[8,8,1,1] c>
{
  h = Conv(x, a)
  k = Conv(h, b)
  y = Conv(k, c)
}"""
NAMES = {"a": "layer1.0.conv2.weight", "b": "layer1.0.conv3.weight", "c": "layer1.1.conv1.weight"}


MINE = """import numpy as np

def accuracy(run):
    return 1.0 if np.isfinite(run({"x": np.zeros((1, 3, 16, 16), "f4")})["y"]).all() else 0.0
"""
MYDATA = """import numpy as np

def batches():
    while True:
        yield {"x": np.ones((1, 3, 16, 16), "f4")}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that pages talk of, small ones, with data, and with what earlier commands leave."""
    proto = build(RESIDUAL)
    for tensor in proto.graph.initializer:
        tensor.name = NAMES[tensor.name]
    for node in proto.graph.node:
        node.input[1] = NAMES[node.input[1]]
    onnx.save(proto, tmp_path / "resnet50.onnx")
    stored(CNN.replace("fc", "linear"), tmp_path / "model.onnx")
    onnx.save(build(CNN.replace("fc", "linear"), seed=1), tmp_path / "small.onnx")  # what recover has to learn from
    monkeypatch.setattr("onnxprune.recovery.effort._SECONDS", {"s": 0.02, "m": 0.2})
    (picture,) = onnx.load(tmp_path / "model.onnx").graph.input
    shape = [dim.dim_value for dim in picture.type.tensor_type.shape.dim]
    pictures = np.random.default_rng(0).standard_normal((80, *shape[1:]))
    data = {picture.name: pictures.astype(np.float32)}
    np.savez(tmp_path / "calib.npz", **data)
    np.savez(tmp_path / "labelled.npz", **data, y=np.arange(80) % 10)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "mydata.py").write_text(MYDATA)
    monkeypatch.setitem(STANDARD, "latency", 100.0)  # what a busy machine says isn't asked here
    monkeypatch.setattr("onnxprune.pruning.choose.Minutes", lambda minutes: Minutes(minutes / 1000))
    monkeypatch.chdir(tmp_path)
    return tmp_path
