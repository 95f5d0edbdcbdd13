"""Weights are not read before they are asked for, and never twice. What counts is memory, not time."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from onnxprune.graph import load, stored
from onnxprune.graph.tensors import FileValues
from tests.graph.helpers import model, noise, with_weights

LAYERS = 16
SIDE = 1024  # 4 MB of float32 each

MEASURE = """
def resident(field):
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024

def grown():
    return resident('VmHWM') - before

load({warm!r})
Path('/proc/self/clear_refs').write_text('5')  # the peak is now
before = resident('VmRSS')
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def weight(i: int) -> np.ndarray:
    return np.full((SIDE, SIDE), i + 1, np.float32)


def deep(path: Path, shift: int, layers: int = LAYERS) -> Path:
    """A chain of products; `shift` bytes of documentation decide how its weights are aligned."""
    names = [f"w{i}" for i in range(layers)]
    steps = "".join(f" h{i + 1} = MatMul(h{i}, {n})" for i, n in enumerate(names))
    text = f"g (float[1,{SIDE}] h0) => (float[1,{SIDE}] h{layers}) {{{steps} }}"
    proto = with_weights(model(text), **{n: weight(i) for i, n in enumerate(names)})
    proto.producer_name = "-" * shift
    path.write_bytes(proto.SerializeToString())
    return path


def small(path: Path) -> Path:
    """To warm up with."""
    text = "g (float[1,9] x) => (float[1,9] y) { y = MatMul(x, w) }"
    path.write_bytes(with_weights(model(text), w=noise(9, 9)).SerializeToString())
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small model, and a large one."""
    return small(tmp_path / "warm.onnx"), deep(tmp_path / "deep.onnx", 1)


def megabytes(child: Callable[..., str], files: tuple[Path, Path], *lines: str) -> float:
    """By how much the peak of a process grows, in MB, while it runs `lines` on the large model."""
    warm, large = files
    script = "\n".join((f"path = Path({str(large)!r})", *lines, "print(grown() / 2**20)"))
    return float(child(script, before=MEASURE.format(warm=str(warm))).splitlines()[-1])


@linux
def test_loading_reads_no_weights(files: tuple[Path, Path], child: Callable[..., str]) -> None:
    lines = "model = normalize(load(path))", "assert resident('VmRSS') - before < 8 * 2**20"
    assert megabytes(child, files, *lines) < 48  # the system maps whole neighbourhoods of what is touched


@linux
def test_weights_are_held_once(files: tuple[Path, Path], child: Callable[..., str]) -> None:
    """Also while they are copied to where numpy is fast."""
    lines = "from onnxprune.graph import stored", "model = load(path)", "for t in stored(model): t.values.sum()"
    assert 60 < megabytes(child, files, *lines) < 84


@linux
@pytest.mark.parametrize("external", [False, True])
def test_saving_reads_piece_by_piece(files: tuple[Path, Path], external: bool, child: Callable[..., str]) -> None:
    lines = "model = load(path)", f"save(model, path.with_name('out.onnx'), {external})"
    assert megabytes(child, files, *lines) < 48


@pytest.mark.parametrize("shift", range(5))
def test_values_are_aligned_wherever_they_lie(shift: int, tmp_path: Path) -> None:
    for i, tensor in enumerate(stored(load(deep(tmp_path / "deep.onnx", shift, 2)))):
        assert isinstance(tensor._values, FileValues)
        assert tensor.values.flags.aligned
        assert not tensor.values.flags.writeable
        assert np.array_equal(tensor.values, weight(i))


# ------------------------------------------------------------------------------------------- above 2 GB

SIZE = 2_200_000_000


def enough(folder: Path) -> bool:
    """Memory to touch the tensor once, and disk to write it."""
    pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return pages > 2 * SIZE and shutil.disk_usage(folder).free > 3 * SIZE


@linux
def test_a_model_above_2_gb(tmp_path: Path, child: Callable[..., str]) -> None:
    """One weight of 2.2 GB, in a file of holes: loaded and normalised without being read, saved piece by piece."""
    if not enough(tmp_path):
        pytest.skip("not enough memory or disk for a model of 2.2 GB")
    rows = SIZE // 4 // 1000
    proto = model("g (int64[3] i) => (float[3,1000] y) { r = Gather(w, i) y = Add(r, b) }")
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[rows, 1000])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    proto.graph.initializer.append(tensor)
    with_weights(proto, b=noise(1000))
    path = tmp_path / "m.onnx"
    onnx.save(proto, path)
    with (tmp_path / "w.bin").open("wb") as file:
        file.truncate(SIZE)
        file.seek(4000)
        file.write(np.full(1000, 7, np.float32).tobytes())
    lines = (
        "model = finish(normalize(load(path)))",
        "assert grown() < 32 * 2**20, grown()",
        "os.fsync = lambda _: None",  # the disk is not what is tested
        "save(model, path.with_name('out.onnx'))",
    )
    assert megabytes(child, (small(tmp_path / "warm.onnx"), path), *lines) < 64
    (tmp_path / "w.bin").unlink()
    found = {t.name: t for t in stored(load(path.with_name("out.onnx")))}
    assert found["w"].shape == (rows, 1000)
    assert found["w"].values[1].tolist() == [7.0] * 1000
    assert not found["w"].values[rows - 1].any()
    assert np.array_equal(found["b"].values, noise(1000))
