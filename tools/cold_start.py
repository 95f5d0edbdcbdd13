"""How long a command takes from nothing: a process of its own, again and again.

python -m tools.cold_start [--rounds 9]

`onnxprune --help`, and `onnxprune analyze` of a ResNet-50, by the interpreter that runs this. Prints medians of seconds
on the wall and of the processor; where Python may write no bytecode (PYTHONDONTWRITEBYTECODE), every start compiles.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from tools import zoo_models
from tools.table import table

LIMITS = {"--help": 0.3, "analyze": 1.5}
"""Seconds on the wall, of idle cores."""

START = "import sys; sys.argv[0] = 'onnxprune'; from onnxprune.cli import main; main()"


def started(words: Sequence[str]) -> tuple[float, float]:
    """Seconds of one run, on the wall and of the processor. Raises CalledProcessError where it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", START, *words], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.cold_start", description="How long a command takes to start."
    )
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(arguments).rounds
    commands = {"--help": ["--help"], "analyze": ["analyze", str(zoo_models.path("resnet50"))]}
    rows = []
    for name, words in commands.items():
        started(words)  # bytecode, and the disk's cache
        wall, processor = (median(column) for column in zip(*(started(words) for _ in range(rounds)), strict=True))
        rows.append([name, f"{LIMITS[name]:g}", f"{wall:.2f}", f"{processor:.2f}"])
    print(f"load {os.getloadavg()[0]:.1f}, bytecode {'not written' if sys.dont_write_bytecode else 'written'}")
    print(table(["command", "asked", "wall", "processor"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
