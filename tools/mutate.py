"""Mutation testing: are there changes to a file that no test notices?

    python -m tools.mutate onnxprune/coupling/solver.py [FILE ...] [--minutes M] [--tests PATH ...] [--every N]

Each mutant of a file runs the tests of that file, in a copy of the tree and a process of its own. Prints the survivors;
some of them do the same as the file itself, the others lack a test. Exits with 1 where there are any.

Which tests: `--tests`, or those whose names begin like the file's (tests/ROOM/test_STEM*.py), then those in `WIDER`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tools.mutants import mutants

ROOT = Path(__file__).parents[1]
COPIED = ("onnxprune", "passes", "models", "tests", "tools", "pyproject.toml", "README.md")
HEAVY = ("numpy", "onnx", "onnx.reference", "onnx_graphsurgeon", "networkx", "hypothesis", "pytest", "rich.table")
SECONDS = 120
"""For the tests of one mutant: a mutant may go round in circles."""

WIDER = {
    "onnxprune/coupling/masks.py": ["tests/coupling/test_solver_properties.py", "tests/rewrite/test_shrink.py"],
    "onnxprune/coupling/ops": ["tests/coupling/test_rules.py"],
    "onnxprune/coupling": ["tests/coupling/test_analysis.py", "tests/coupling/test_golden.py"],
    "onnxprune/rewrite": ["tests/rewrite/test_shrink.py", "tests/rewrite/test_proof.py"],
}
"""Tests of more than one file: those of the first that fits are tried after the nearest."""


def tests_of(file: Path) -> list[str]:
    """The tests for a file, the nearest first."""
    near = sorted((ROOT / "tests" / file.parts[1]).glob(f"test_{file.stem}*.py"))
    wider = next((tests for place, tests in WIDER.items() if file.as_posix().startswith(place)), [])
    return list(dict.fromkeys([*(str(path.relative_to(ROOT)) for path in near), *wider]))


def copy_tree(folder: Path) -> None:
    """What tests need, without what Python made of it."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)


def survives(tests: Sequence[str]) -> bool:
    """Whether all tests pass, in a child process that imports the copy anew."""
    child = os.fork()
    if child == 0:
        _run(tests)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run(tests: Sequence[str]) -> None:
    """In the child: run the tests and leave."""
    import pytest

    sys.dont_write_bytecode = True  # by its time and size, a mutant's would pass for that of the next
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    try:
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    except BaseException:  # whatever it is, the mutant did not survive it
        code = 1
    os._exit(code)


def examine(file: Path, tests: Sequence[str], every: int, deadline: float, console: Console) -> tuple[int, int]:
    """How many mutants of a file were tried, and how many no test noticed. Runs in the copy."""
    source = file.read_text(encoding="utf-8")
    if not survives(tests):
        raise SystemExit(f"the tests of {file} fail without a mutant: {' '.join(tests)}")
    tried = left = 0
    try:
        made = list(mutants(source))[::every]
        for mutant in track(made, str(file), console=console, disable=not console.is_terminal):
            if time.monotonic() > deadline:
                break
            file.write_text(mutant.source, encoding="utf-8")
            tried += 1
            if survives(tests):
                left += 1
                console.print(f"{file}:{mutant}")
    finally:
        file.write_text(source, encoding="utf-8")
    return tried, left


def main(words: Sequence[str] | None = None) -> int:
    """Try all files; returns the exit code."""
    parser = argparse.ArgumentParser(description="Look for changes that no test notices.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="relative to the root of the repository")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="stop after so long")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="instead of those that belong to the file")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th mutant")
    given = parser.parse_args(words)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    deadline = time.monotonic() + 60 * given.minutes
    found = 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        prepare(Path(name))
        for file in given.files:
            tried, left = examine(file, given.tests or tests_of(file), given.every, deadline, console)
            console.print(f"{file}: {tried} mutants, {left} survive")
            found += left
    return 1 if found else 0


def prepare(folder: Path) -> None:
    """Copy the tree, go there, and import what takes long and is not under test."""
    copy_tree(folder)
    os.chdir(folder)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # no test here needs one
    sys.path[:] = [str(folder), str(folder / "passes"), *(p for p in sys.path if not p or Path(p) != ROOT)]
    for module in HEAVY:
        importlib.import_module(module)
    mine = [name for name in sys.modules if name.partition(".")[0] in ("onnxprune", "onnxprune_passes", "tests")]
    for name in mine:
        del sys.modules[name]


if __name__ == "__main__":
    sys.exit(main())
