"""Folders that take the place of others: whoever is killed leaves the old one or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onnxprune.graph import put_folder, scratch_folder
from onnxprune.graph import swap as swapping
from onnxprune.graph.scratch import sweep
from tests.graph.mortal import MORTAL

WORKER = f"""{MORTAL}
import os, sys
from pathlib import Path
from onnxprune.graph import put_folder, scratch_folder
from onnxprune.graph import swap

place, step, exchange = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "exchange"

with scratch_folder(place.parent) as scratch:
    made = scratch / place.name
    made.mkdir()
    (made / "new").touch()
    swap._exchanged = mortal(swap._exchanged if exchange else lambda *_: False)
    os.rename = mortal(os.rename)
    put_folder(made, place)
    os._exit(0)
"""


def filled(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).touch()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a full one"])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_gets_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, at_once: bool) -> None:
    if not at_once:
        monkeypatch.setattr(swapping, "_exchanged", lambda *_: False)
    place = tmp_path / "out"
    if there != "nothing":
        place.mkdir()
    if there == "a full one":
        (place / "old").touch()
    with scratch_folder(tmp_path) as scratch:
        put_folder(filled(scratch / "out", "new"), place)
    assert names(tmp_path) == ["out"] and names(place) == ["new"]


def test_what_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "_exchanged", lambda *_: False)
    place = filled(tmp_path / "out", "old")
    with scratch_folder(tmp_path) as scratch, pytest.raises(OSError, match="No such file"):
        put_folder(scratch / "nothing", place)
    assert names(tmp_path) == ["out"] and names(place) == ["old"]


@pytest.mark.skipif(sys.platform == "win32", reason="without locks nothing is swept")
@pytest.mark.parametrize("how", ["exchange", "in two steps"])
@pytest.mark.parametrize("step", range(5))
def test_a_killed_process_leaves_the_old_or_the_new(tmp_path: Path, step: int, how: str) -> None:
    """Killed in front of the first, second, ... step; the next run sweeps."""
    place = filled(tmp_path / "out", "old")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", WORKER, str(place), str(step), how]
    died = subprocess.run(command, env=environment, check=False).returncode
    assert died == (-signal.SIGKILL if step < (1 if how == "exchange" else 4) else 0)
    sweep(tmp_path)
    assert names(tmp_path) == ["out"]
    assert names(place) == (["new"] if died == 0 or step == 3 else ["old"])
