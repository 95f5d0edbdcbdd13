"""Scratch beside an output: what a killed process leaves is swept, what a living one works in is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onnxprune.graph import load, save
from onnxprune.graph.scratch import scratch_folder, scratch_name, sweep
from tests.graph.helpers import model, noise, with_weights
from tests.graph.mortal import MORTAL

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="without locks nothing is swept")

TEXT = "g (float[2,40] x) => (float[2,30] y) { h = MatMul(x, a) y = MatMul(h, b) }"

WORKER = """
import sys, time
from pathlib import Path
from onnxprune.graph import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.onnx").write_bytes(b"half")
    print(folder, flush=True)
    time.sleep(600)
"""


def at_work(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that works in a scratch folder, and the folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    started = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(parent)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert started.stdout is not None
    return started, Path(started.stdout.readline().strip())


def end(started: subprocess.Popen[str], how: signal.Signals) -> None:
    started.send_signal(how)
    started.communicate()


def stored(path: Path, seed: int) -> Path:
    weights = {"a": noise(40, 50, seed=seed), "b": noise(50, 30, seed=seed + 1)}
    path.write_bytes(with_weights(model(TEXT), **weights).SerializeToString())
    return path


def test_the_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").touch()
        assert folder.parent == tmp_path and folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    started, folder = at_work(tmp_path)
    end(started, signal.SIGKILL)
    assert folder.is_dir()
    with scratch_folder(tmp_path):
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_works_in_is_not(tmp_path: Path) -> None:
    started, folder = at_work(tmp_path)
    try:
        sweep(tmp_path)
        assert (folder / "half.onnx").read_bytes() == b"half"
    finally:
        end(started, signal.SIGKILL)


def test_only_scratch_is_swept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / ".onnxprune-x.d").symlink_to(target)
    (tmp_path / ".onnxprune-notes.txt").touch()
    scratch_name(tmp_path).touch()
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".onnxprune-notes.txt", ".onnxprune-x.d", "target"]


def test_a_folder_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


MOVER = f"""{MORTAL}
import os, sys
from pathlib import Path
from onnxprune.graph import load, publish, save, scratch_folder

source, out, step = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
room = sys.modules[publish.__module__]

with scratch_folder(out.parent) as place:
    save(load(source), place / out.name, external=True)
    for name in ("claim", "journal", "_rename"):
        setattr(room, name, mortal(getattr(room, name)))
    os.replace, Path.unlink = mortal(os.replace), mortal(Path.unlink)
    publish(place / out.name, out)
    os._exit(0)
"""


@pytest.mark.parametrize("old", [False, True], ids=["new", "over an old one"])
@pytest.mark.parametrize("step", range(7))
def test_a_move_that_is_killed_leaves_one_whole_model(tmp_path: Path, step: int, old: bool) -> None:
    """Killed in front of the first, second, ... step of a move; then the next run sweeps."""
    source, folder = stored(tmp_path / "source.onnx", 9), tmp_path / "place"
    folder.mkdir()
    out = folder / "out.onnx"
    if old:
        save(load(source), out, external=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", MOVER, str(source), str(out), str(step)]
    died = subprocess.run(command, env=environment, check=False).returncode
    assert died in (-signal.SIGKILL, 0) and (died or step > 3)
    sweep(folder)
    names = {p.name: p.stat().st_size for p in folder.iterdir()}
    taken = [name for name, size in names.items() if not size]
    assert not taken or step == 1, "only a name that was just taken may be left, without a byte"
    if not old and not out.exists():
        assert len(names) == len(taken)
        return
    assert len(names) - len(taken) == 2 and load(out).graph.tensors()["a"].shape == (40, 50)
