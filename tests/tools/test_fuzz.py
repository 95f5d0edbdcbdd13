"""The fuzzer's command: exit codes, findings in a folder, processes that end."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from tests.fuzz.graphs import from_seed, make
from tools import fuzz

ANSWERS = """
import sys
for line in sys.stdin:
    seed = int(line)
    if seed == 3:
        sys.exit(5)
    print('{"kind": "proof-1", "text": "odd"}' if seed == 2 else "{}", flush=True)
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Processes that find something at seed 2 and end at seed 3."""
    script = tmp_path / "worker.py"
    script.write_text(ANSWERS)
    start = fuzz.Worker.__init__

    def other(self: fuzz.Worker, kind: str, folder: Path) -> None:
        start(self, kind, folder)
        self.words = [self.words[0], str(script)]

    monkeypatch.setattr(fuzz.Worker, "__init__", other)
    return script


def test_nothing_found(worker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--graphs", "2", "--findings", str(tmp_path / "f")]) == 0
    assert capsys.readouterr().out == "2 graphs, 0 findings; go on with --seed 2\n"
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_findings_and_crashes(worker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    folder = tmp_path / "f"
    assert fuzz.main(["--graphs", "6", "--jobs", jobs, "--findings", str(folder)]) == 1
    told = capsys.readouterr().out
    assert told.startswith("6 graphs, 2 findings; go on with --seed 6\n")
    assert "1  proof-1: odd (seed 2)" in told and "ends-with-status-5: the process ends with status 5 (seed 3)" in told
    assert onnx.load(folder / "ends-with-status-5-3.onnx") == make(from_seed(3))
    assert (folder / "ends-with-status-5-3.txt").read_text() == "the process ends with status 5\nseed 3\n"


def test_a_run_goes_on_where_it_ended(worker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--files", "2", "--seed", "4", "--findings", str(tmp_path)]) == 0
    assert "go on with --seed 6" in capsys.readouterr().out


def test_processes_that_end_at_once_end_the_run(
    worker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.write_text("raise SystemExit(7)")
    assert fuzz.main(["--files", "100", "--findings", str(tmp_path)]) == 3
    assert "error: the process that tries seeds ends at once" in capsys.readouterr().out


def test_the_real_process(tmp_path: Path) -> None:
    assert fuzz.main(["--graphs", "2", "--seed", "10", "--findings", str(tmp_path)]) == 0


def test_no_time_ends_it(worker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--graphs", "1000000", "--minutes", "0", "--findings", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("1 graphs")


@pytest.mark.parametrize("words", [[], ["--graphs", "1", "--files", "1"], ["--graphs", "many"]])
def test_bad_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        fuzz.main(words)
    assert "usage" in capsys.readouterr().err


def test_a_graph_that_ends_any_process_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ONNX Runtime may end the process that opens a sound graph; where it doesn't, the end was somebody else's."""
    start = fuzz.Worker.__init__

    def ending(self: fuzz.Worker, kind: str, folder: Path) -> None:
        start(self, kind, folder)
        self.words = [self.words[0], "-c", "import os\ninput()\nos.abort()"]

    monkeypatch.setattr(fuzz.Worker, "__init__", ending)
    assert fuzz.main(["--graphs", "1", "--findings", str(tmp_path / "f")]) == 1
    assert "ends by signal 6" in capsys.readouterr().out
    monkeypatch.setattr(fuzz, "opening", lambda model: -6)
    assert fuzz.main(["--graphs", "1", "--findings", str(tmp_path / "f")]) == 0
    assert "not counted: ONNX Runtime ends the process that opens the graphs of seeds 0" in capsys.readouterr().out


def test_opening_tells_how_a_process_ended() -> None:
    assert fuzz.opening(make(from_seed(0)).SerializeToString()) == 0
    assert fuzz.opening(b"no model") == 1
