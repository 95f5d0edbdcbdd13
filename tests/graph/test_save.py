"""A save that fails or is killed leaves what was there, whole, and no litter."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import finish, load, normalize, save
from tests.graph.helpers import assert_same, model, noise, with_weights

TEXT = "g (float[2,400] x) => (float[2,300] y) { h = MatMul(x, a) y = MatMul(h, b) }"


def write(path: Path, seed: int = 0) -> Path:
    path.write_bytes(
        with_weights(model(TEXT), a=noise(400, 500, seed=seed), b=noise(500, 300, seed=seed + 1)).SerializeToString()
    )
    return path


def refused(path: Path, sentence: str, external: bool | None = None) -> None:
    """A save that is refused, and leaves its folder as it was."""
    loaded = load(write(path.parent / "source.onnx"))
    before = sorted(path.parent.iterdir())
    with pytest.raises(InputError) as error:
        save(loaded, path, external)
    assert str(error.value) == f"{path}: can't be written ({sentence})"
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize("external", [False, True])
def test_a_folder_in_the_way(tmp_path: Path, external: bool) -> None:
    (tmp_path / "out.onnx").mkdir()
    refused(tmp_path / "out.onnx", "is a folder", external)


@pytest.mark.parametrize("external", [False, True])
def test_no_such_folder(tmp_path: Path, external: bool) -> None:
    loaded = load(write(tmp_path / "source.onnx"))
    with pytest.raises(InputError, match=r"nowhere/out\.onnx: can't be written \(No such file or directory\)"):
        save(loaded, tmp_path / "nowhere" / "out.onnx", external)


@pytest.mark.parametrize("external", [False, True])
def test_a_name_that_is_too_long(tmp_path: Path, external: bool) -> None:
    refused(tmp_path / ("n" * 300), "File name too long", external)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    refused(tmp_path / "a\0b", "no file can be called so")


def test_a_name_as_long_as_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    assert save(load(write(tmp_path / "source.onnx")), path) == [path]


def test_over_the_model_that_it_was_loaded_from(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx")
    shutil.copy(path, tmp_path / "copy.onnx")
    save(finish(normalize(load(path))), path)
    assert_same(tmp_path / "copy.onnx", path)


def test_permissions_of_the_replaced_file_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx")
    path.chmod(0o640)
    save(load(path), path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    save(load(write(tmp_path / "m.onnx")), tmp_path / "n.onnx")
    assert (tmp_path / "n.onnx").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of POSIX")
@pytest.mark.parametrize("external", [False, True])
def test_a_read_only_folder(tmp_path: Path, external: bool, as_nobody: Callable[..., str]) -> None:
    source, folder = write(tmp_path / "source.onnx"), tmp_path / "locked"
    folder.mkdir(mode=0o555)
    out = folder / "out.onnx"
    printed = as_nobody(f"save(load({str(source)!r}), {str(out)!r}, {external})")
    assert printed == f"InputError: {out}: can't be written (Permission denied)"
    assert not list(folder.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="limits are those of POSIX")
@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("kilobytes", [0, 1, 500, 1300])
def test_a_disk_that_fills_up(tmp_path: Path, kilobytes: int, external: bool, child: Callable[..., str]) -> None:
    """Wherever writing stops, the old model is as it was and nothing else is left."""
    old = write(tmp_path / "old.onnx", seed=5)
    save(load(old), old, external)
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}
    source = write(tmp_path / "source.onnx")
    printed = child(
        f"""
        model = load({str(source)!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes} * 1024, -1))
        save(model, {str(old)!r}, {external})
        """,
        before="signal.signal(signal.SIGXFSZ, signal.SIG_IGN); sys.dont_write_bytecode = True",
    )
    assert printed == f"InputError: {old}: can't be written (File too large)"
    source.unlink()
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    loaded = load(write(tmp_path / "m.onnx"))
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", interrupt)
    for external in (False, True):
        with pytest.raises(KeyboardInterrupt):
            save(loaded, tmp_path / "n.onnx", external)
        assert sorted(tmp_path.iterdir()) == before


# ------------------------------------------------------------------------------------------------- kill -9

KILLER = """
import random, time
import numpy as np
from onnxprune.graph import stored

models = [load(path) for path in {sources!r}]
weights = [{{t.name: np.array(t.values) for t in stored(model)}} for model in models]
rng, seen = random.Random(0), set()
for attempt in range({attempts}):
    if attempt >= 40 and len(seen) == 2:
        break
    pid = os.fork()
    while not pid:
        for model in models:
            save(model, {out!r}, {external})
    time.sleep(rng.uniform(0.001, 0.06) * (1 + attempt / 20))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    found = {{t.name: t.values for t in stored(load({out!r}))}}
    seen |= {{i for i, w in enumerate(weights) if all(np.array_equal(found[n], v) for n, v in w.items())}} or {{'torn'}}
print(sorted(seen))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize("external", [False, True])
def test_killed_at_any_time(tmp_path: Path, external: bool, child: Callable[..., str]) -> None:
    """One of the two models that are written in turns is there, whole, with its own data file."""
    sources = [str(write(tmp_path / f"source{seed}.onnx", seed)) for seed in (0, 7)]
    folder = tmp_path / "out"
    folder.mkdir()
    out = str(folder / "out.onnx")
    save(load(sources[0]), out, external)
    assert child(KILLER.format(sources=sources, out=out, external=external, attempts=200)) == "[0, 1]"
    onnx.checker.check_model(out, full_check=True)
