"""Damaged files: refused in one sentence, or loaded; never anything else."""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import finish, load, normalize, save
from tests.graph.helpers import model, noise, with_weights

TEXT = """
<ir_version: 9, opset_import: ["": 18, "local": 1], producer_name: "maker">
g (bool c, float[b,3,8,8] x) => (float[b,n] y, int64[2] z)
{
    k = Constant <value = int64[2] {-1, 6}> ()
    h = Conv <pads = [1,1,1,1]> (x, w)
    r = local.act (h)
    s = Shape (r)
    y = Reshape (r, k)
    z = If (c) <
        then_branch = t () => (int64[2] o) <int64[2] two = {0, 2}> { o = Gather (s, two) },
        else_branch = e () => (int64[2] o) { o = Gather (s, k) }
    >
}
<domain: "local", opset_import: ["": 18]>
act (x) => (y) { y = Relu(x) }
"""
CASES = 300


def source() -> bytes:
    proto = with_weights(model(TEXT), w=noise(12, 3, 3, 3))
    value = numpy_helper.from_array(np.int64([-1, 6]))
    proto.graph.node[0].attribute[0].t.CopyFrom(value)
    data: bytes = proto.SerializeToString()
    return data


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four of: a byte changed, a bit flipped, a piece cut out, doubled, or moved."""
    made = bytearray(data)
    head = len(made) - 1400  # the weight is at the end, and damage to it is not seen
    for _ in range(rng.integers(1, 5)):
        at, length = int(rng.integers(0, max(head, 1))), int(rng.integers(1, 12))
        kind = rng.integers(0, 5)
        if kind == 0:
            made[at] = rng.integers(0, 256)
        elif kind == 1:
            made[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 2:
            del made[at : at + length]
        elif kind == 3:
            made[at:at] = made[at : at + length]
        else:
            to = int(rng.integers(0, max(head - length, 1)))
            piece = made[at : at + length]
            del made[at : at + length]
            made[to:to] = piece
    return bytes(made)


def refusal(path: Path) -> str | None:
    """Why a file can't be loaded, or None where it was, and could be saved."""
    try:
        save(finish(normalize(load(path))), path.with_name("n.onnx"))
    except InputError as error:
        return str(error)
    return None


def test_the_model_itself_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(source())
    save(finish(normalize(load(path))), tmp_path / "n.onnx")
    assert ModelProto.FromString((tmp_path / "n.onnx").read_bytes()).producer_name == "maker"


@pytest.mark.parametrize("part", range(10))
def test_damaged_bytes(part: int, tmp_path: Path) -> None:
    data, path = source(), tmp_path / "m.onnx"
    loaded = 0
    for seed in range(part * CASES // 10, (part + 1) * CASES // 10):
        path.write_bytes(damaged(data, np.random.default_rng(seed)))
        sentence = refusal(path)
        assert sentence is None or (sentence.startswith(f"{path}: ") and "\n" not in sentence)
        loaded += sentence is None
    assert loaded < CASES // 10
