"""Exit codes, streams and interruptions: what a script that calls onnxprune relies on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import onnx
import pytest

from onnxprune.cli.contract import BROKEN_PIPE, INTERRUPTED, guarded
from onnxprune.errors import InputError, VerificationError
from tests.cli.conftest import Run, launch, sentence

COMMANDS = ("optimize", "analyze", "explain", "bench", "compare", "gate", "export", "list", "doctor")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_on_stdout(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert (done.exit_code, done.stderr) == (0, "") and f"onnxprune {command}" in done.stdout.replace("root ", "")


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    shown = run("--help").stdout
    assert all(f"\n  {command} " in shown for command in COMMANDS) and "Exit codes: 0 done" in shown
    assert run().stdout == shown


@pytest.mark.parametrize("words", [(), ("gate",)], ids=str)
def test_no_summary_is_cut_off(run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, listed = run(*words, "--help").stdout.split("Commands:\n")
    assert len(listed.splitlines()) > 2 and "..." not in listed


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from onnxprune.cli import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'onnx', 'onnxruntime', 'torch', 'networkx', 'rich.table'}\n"
        "print(*(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout and done.stderr.split() == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["optimise"], "no such command 'optimise'; did you mean 'optimize'?"),
        (["--frobnicate"], "no such option"),
        (["optimize"], "missing argument 'MODEL'"),
        (["explain", "model.onnx"], "missing argument 'SITE'"),
        (["bench"], "missing argument"),
        (["compare", "model.onnx"], "missing argument 'PRUNED'"),
        (["export", "torchvision:resnet18"], "missing option '--output'"),
        (["export", "torchvision:resnet18", "-o", "m.onnx", "--set", "input"], "--set input: should read NAME=VALUE"),
        (["list", "colours"], "'colours'"),
        (["list"], "missing argument 'WHAT'"),
        (["analyze", "a", "b"], "unexpected extra argument"),
    ],
)
def test_bad_usage_is_one_sentence(run: Run, words: list[str], text: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in sentence(done) and sentence(done).startswith("error: ")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("x: is\nbad"), 2, "error: x: is bad"),
        (VerificationError("x: failed"), 3, "error: x: failed; please report it"),
        (OSError(28, "No space left on device", "x"), 2, "error: x: No space left on device"),
        (MemoryError(), 2, "error: there is not enough memory"),
        (
            KeyError("x"),
            3,
            "error: a defect in onnxprune: KeyError: 'x'; please report it, with what ONNXPRUNE_DEBUG=1",
        ),
    ],
)
def test_every_error_has_its_code(capsys: pytest.CaptureFixture[str], error: Exception, code: int, text: str) -> None:
    def fail() -> None:
        raise error

    assert guarded(fail) == code
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(text) and shown.err.count("\n") == 1


def test_the_traceback_is_for_developers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONNXPRUNE_DEBUG", "1")
    assert guarded(lambda: 1 // 0) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_has_its_code(run: Run, cnn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("onnxprune.pruning.optimize"), "prove", interrupt)
    done = run("optimize", cnn, "--report", cnn.parent / "report")
    assert (done.exit_code, done.stdout) == (INTERRUPTED, "")
    assert [p.name for p in cnn.parent.iterdir()] == ["model.onnx"]


def test_streams_are_apart_and_plain_when_piped(cnn: Path, tmp_path: Path) -> None:
    done = launch("optimize", cnn, "-o", tmp_path / "small.onnx", "--no-bench", "--protect", "nothing")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr == "warning: --protect 'nothing' matches no weight and no node that uses one\n"
    assert done.stdout.startswith(" ") and "written" in done.stdout
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())


def test_a_reader_that_leaves_is_no_error(cnn: Path) -> None:
    command = [sys.executable, "-m", "onnxprune", "list", "ops", "--json"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (BROKEN_PIPE, "")


HELD = """
import os, pathlib, time
real = os.replace
def held(source, target):
    if pathlib.Path(target).name == "small.onnx" and ".onnxprune-" not in str(target):
        pathlib.Path(os.environ["HELD"]).touch()
        time.sleep(60)
    return real(source, target)
os.replace = held
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_killed_run_leaves_the_older_file_whole(cnn: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Killed at the last moment before the new file takes its name."""
    hook, out, held = tmp_path / "hook", tmp_path / "out" / "small.onnx", tmp_path / "held"
    for folder in (hook, out.parent):
        folder.mkdir()
    (hook / "sitecustomize.py").write_text(HELD)
    out.write_text("older")
    command = [sys.executable, "-m", "onnxprune", "optimize", str(cnn), "-o", str(out), "--no-bench"]
    paths = os.pathsep.join([str(hook), *(p for p in sys.path if p)])
    environment = {**os.environ, "PYTHONPATH": paths, "HELD": str(held)}
    with subprocess.Popen(command, env=environment, preexec_fn=_listen) as process:
        _wait(held, process)
        process.send_signal(number)
        code = process.wait(30)
    assert out.read_text() == "older"
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == INTERRUPTED and [p.name for p in out.parent.iterdir()] == ["small.onnx"]
    again = launch("optimize", cnn, "-o", out, "--no-bench")
    assert again.returncode == 0
    onnx.checker.check_model(out)


def _listen() -> None:
    """What runs in the background of a shell is born deaf to SIGINT, and so would its children be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.02)
