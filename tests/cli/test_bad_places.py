"""Data files that are missing or short, graphs in a circle, disks that fill up, folders that are closed, kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from tests.cli.conftest import Run, launch, sentence

NOBODY = 65534


def _apart(path: Path) -> Path:
    """The model with its weights in a data file; returns that."""
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path.with_name("weights.bin")


def _missing(path: Path) -> None:
    _apart(path).unlink()


def _short(path: Path) -> None:
    data = _apart(path)
    data.write_bytes(data.read_bytes()[:-1000])


def _circular(path: Path) -> None:
    proto = onnx.load(path)
    proto.graph.node[1].input[0] = proto.graph.node[2].output[0]
    path.write_bytes(proto.SerializeToString())


MODELS = [(_missing, "weights.bin"), (_short, "weights.bin"), (_circular, "cycle")]


@pytest.mark.parametrize(("damage", "text"), MODELS, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize("command", ["optimize", "analyze", "explain"])
def test_bad_files(run: Run, cnn: Path, command: str, damage: Callable[[Path], None], text: str) -> None:
    damage(cnn)
    before = sorted(cnn.parent.iterdir())
    done = run(command, cnn, *(["a"] if command == "explain" else []))
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in sentence(done) and str(cnn) in sentence(done)
    assert sorted(cnn.parent.iterdir()) == before


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
sys.dont_write_bytecode = True  # it would be cut off, and be what every later process reads
from onnxprune.cli import main
sys.argv[0] = "onnxprune"
main()
"""
AS_NOBODY = f"""
import os, sys
from onnxprune.cli import app, main
app([*sys.argv[1:3], "-o", sys.argv[2] + ".first", *sys.argv[5:]], standalone_mode=False)
if not os.getuid():
    os.setgid({NOBODY})
    os.setuid({NOBODY})
main()
"""
"""Root may write everywhere; who is nobody may not read the interpreter, so all is loaded by a first run."""


def _alone(script: str, *words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.mark.skipif(sys.platform == "win32", reason="limits are those of POSIX")
def test_a_disk_that_fills_up(cnn: Path) -> None:
    out = cnn.with_name("small.onnx")
    out.write_text("older")
    done = _alone(FULL, "optimize", cnn, "-o", out, "--no-bench", "--data", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {out}: can't be written (File too large)\n"
    assert out.read_text() == "older" and sorted(p.name for p in cnn.parent.iterdir()) == ["model.onnx", "small.onnx"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of POSIX")
def test_a_closed_folder(cnn: Path) -> None:
    closed = cnn.parent / "closed"
    closed.mkdir(mode=0o555)
    cnn.parent.chmod(0o755)  # what is above it may be closed: names are relative
    done = _alone(AS_NOBODY, "optimize", cnn.name, "-o", "closed/small.onnx", "--no-bench", folder=cnn.parent)
    assert done.returncode == 2 and "small.onnx" not in done.stdout
    assert done.stderr == "error: closed/small.onnx: can't be written (Permission denied)\n"
    assert list(closed.iterdir()) == []


HANGS = """
import sys, time
from onnxprune.pruning import optimize as room
module = sys.modules["onnxprune.pruning.optimize"]
def publish(trial, output):
    print("now", flush=True)
    time.sleep(600)
module.publish = publish
from onnxprune.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="without locks nothing is swept")
def test_a_killed_run_leaves_the_old_file_and_the_next_one_cleans_up(run: Run, cnn: Path) -> None:
    out = cnn.with_name("small.onnx")
    out.write_text("older")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", HANGS, "optimize", str(cnn), "-o", str(out), "--no-bench", "--no-verify"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert started.stdout is not None and started.stdout.readline() == "now\n"
    assert run("optimize", cnn, "-o", cnn.with_name("other.onnx"), "--no-bench", "--no-verify").exit_code == 0
    assert [p.name for p in cnn.parent.glob(".onnxprune-*/*")] == ["small.onnx"], "it is still at work"
    started.send_signal(signal.SIGKILL)
    started.communicate()
    assert out.read_text() == "older"
    assert launch("optimize", cnn, "-o", out, "--no-bench", "--no-verify").returncode == 0
    assert sorted(p.name for p in cnn.parent.iterdir()) == ["model.onnx", "other.onnx", "small.onnx"]
    onnx.checker.check_model(out, full_check=True)
