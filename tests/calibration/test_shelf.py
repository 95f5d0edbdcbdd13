"""Statistics that are kept: the same as those that were made, for what they were made of, within limits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.calibration import Activations, collect, layers, shelf, shelved
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model, load, normalize
from onnxprune.pruning import Options, optimize
from tests.oracle import build

MLP = """agraph (float[n,6] x) => (float[n,4] y) <float[6,32] a, float[32,4] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""


@pytest.fixture
def cache(kept: Path) -> Path:
    return kept / "statistics"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(build(MLP), path)
    return path


def _collected(path: Path) -> tuple[Analysis, Activations]:
    def source() -> Model:
        return normalize(load(path))

    found = source()
    analysis = analyze(found.graph, found.opsets)
    random = np.random.default_rng(0)
    data = [{"x": random.standard_normal((40, 6)).astype(np.float32)} for _ in range(3)]
    return analysis, collect(source, analysis, data, pairs=True, sample=True)


def _refuse() -> Activations:
    raise AssertionError("was made again")


def test_what_is_kept_is_what_was_made(model: Path) -> None:
    analysis, made = _collected(model)
    assert shelved(["a", "b"], lambda: made) is made
    again = shelved(["a", "b"], _refuse)
    for layer in layers(analysis):
        one, two = made[layer], again[layer]
        for name in ("mean", "variance", "square", "magnitude", "covariance", "sample"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert again.read == made.read


def test_other_makings_are_other_statistics(model: Path) -> None:
    _, made = _collected(model)
    shelved(["a"], lambda: made)
    with pytest.raises(AssertionError, match="made again"):
        shelved(["b"], _refuse)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_a_spoilt_file_is_made_again(model: Path, cache: Path, content: bytes) -> None:
    _, made = _collected(model)
    shelved(["a"], lambda: made)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert shelved(["a"], lambda: made) is made
    assert shelved(["a"], _refuse).read == made.read


def test_a_folder_that_cant_be_made_is_done_without(model: Path, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file")
    _, made = _collected(model)
    assert shelved(["a"], lambda: made) is made


def test_what_was_not_asked_for_longest_goes_first(model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, made = _collected(model)
    for number, key in enumerate("abc"):
        before = set(cache.iterdir()) if cache.exists() else set()
        shelved([key], lambda: made)
        (fresh,) = set(cache.iterdir()) - before
        os.utime(fresh, (number, number))
    size = max(f.stat().st_size for f in cache.iterdir())
    shelved(["a"], _refuse)  # asked for: now b is the oldest
    monkeypatch.setattr(shelf, "LIMIT", 3 * size + size // 2)
    shelved(["d"], lambda: made)
    for key in "acd":
        shelved([key], _refuse)
    with pytest.raises(AssertionError, match="made again"):
        shelved(["b"], _refuse)


def test_statistics_beyond_the_limit_are_not_kept(model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, made = _collected(model)
    monkeypatch.setattr(shelf, "LIMIT", 100)
    shelved(["a"], lambda: made)
    assert not cache.exists() or not list(cache.iterdir())


def test_the_main_job_collects_once(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32))
    options = Options(calibration=str(data), criterion="obs", repair="none", align=1, bench=False)
    optimize(model, tmp_path / "one.onnx", options)
    made: list[int] = []
    monkeypatch.setattr("onnxprune.pruning.evidence.collect", lambda *a, **k: made.append(1))
    optimize(model, tmp_path / "two.onnx", options)
    assert not made and (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
