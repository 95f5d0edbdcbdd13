"""Peak memory of a command, all its processes together (Linux).

The high water mark of each process is exact; where several run side by side, what they hold together is sampled.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROC = Path("/proc")


@dataclass(frozen=True)
class Peak:
    """peak: bytes resident at the most; code: exit status; output, errors: what the command printed."""

    peak: int
    code: int
    output: str
    errors: str


def peak(
    command: Sequence[str],
    *,
    timeout: float = 1800.0,
    every: float = 0.005,
    environment: Mapping[str, str] | None = None,
) -> Peak:
    """Run a command to its end, looking at its memory every few milliseconds.

    Raises subprocess.TimeoutExpired, after it has killed the command, where that takes longer than `timeout` seconds.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(list(command), stdout=output, stderr=errors, env=environment)
        most, deadline = 0, time.monotonic() + timeout
        while process.poll() is None:
            most = max(most, *_readings(process.pid))
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise subprocess.TimeoutExpired(list(command), timeout)
            time.sleep(every)
        return Peak(most, process.returncode, _whole(output), _whole(errors))


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def one_thread() -> dict[str, str]:
    """This process's environment, with the thread pools of numerical libraries held at one."""
    return {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")}


def high_water(pid: int | str = "self") -> int:
    """The most bytes that a process has had resident; 0 where it is gone."""
    return _field(pid, "VmHWM")


def _readings(root: int) -> Iterator[int]:
    """What all processes hold now, and what each has held at the most."""
    pids = list(tree(root))
    yield sum(_field(pid, "VmRSS") for pid in pids)
    yield from (high_water(pid) for pid in pids)


def tree(root: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield root
    try:
        lists = [file.read_text() for file in (PROC / str(root) / "task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(lists).split():
        yield from tree(int(child))


def _field(pid: int | str, name: str) -> int:
    try:
        text = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    line = next((line for line in text.splitlines() if line.startswith(f"{name}:")), "")
    return int(line.split()[1]) * 1024 if line else 0
