"""Runs the trials, small graphs first, with rows that outlive the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.packages import digest
from onnxprune.runtime.verdict import NOISE_FACTOR, NOISE_LIMIT
from tools.forked import Died, Limits, in_fork
from tools.lifting.contestants import CONTESTANTS
from tools.lifting.reference import Reference, noise, reference
from tools.lifting.trial import DIFFERS, UNRUN, trial
from tools.results import Results, Row, program
from tools.zoo.entry import Entry
from tools.zoo.lists import file_of

SECTION = "lifting"
WARM = "tools.lifting.warm"
LIMITS = Limits(cpu=150, wall=600.0, memory=10 << 30)


@dataclass(frozen=True)
class Effort:
    """fresh: try again what is there; missing: rows of other states of the source will do; most: bytes of a file."""

    fresh: bool = False
    missing: bool = False
    most: int = 400 << 20


def survey(entries: Sequence[Entry], tools: Sequence[str], effort: Effort) -> Iterator[tuple[str, Row]]:
    """Every row that had to be made, with its name; each is kept before it is told."""
    results = Results(SECTION)
    there = [entry for entry in entries if file_of(entry).exists() and file_of(entry).stat().st_size <= effort.most]
    for entry in sorted(there, key=lambda entry: file_of(entry).stat().st_size):
        file = file_of(entry)
        print_ = digest(file)[:12]
        keys = {tool: " ".join((print_, *(CONTESTANTS[tool].needs or (program(),)))) for tool in tools}
        wanted = [tool for tool in tools if not _fits(results, name_of(entry.name, tool), keys[tool], effort)]
        for tool, row in _rows(entry, file, wanted):
            name = name_of(entry.name, tool)
            yield name, results.keep(name, keys[tool], {"family": entry.family} | row)


def name_of(graph: str, tool: str) -> str:
    """What a row is called among the results."""
    return f"{graph} | {tool}"


def _rows(entry: Entry, file: Path, tools: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """ONNX Runtime is run once for all tools; where it fails, nobody can be judged and there is no row."""
    if not tools:
        return
    try:
        known: Reference = in_fork(WARM, LIMITS, reference, file, dict(entry.dims))
    except Died as error:
        print(f"{entry.name}: no reference: {error}", flush=True)
        return
    for tool in tools:
        row = _tried(tool, file, known)
        if row["outcome"] == DIFFERS and row["error"] is not None:
            known = _noisy(file, known)
            row = _tried(tool, file, known) if row["error"] <= known.tolerance else row
        yield tool, row


def _tried(tool: str, file: Path, known: Reference) -> Row:
    try:
        return in_fork(WARM, LIMITS, trial, tool, file, known)
    except Died as error:
        return {"outcome": UNRUN, "reason": str(error)}


def _noisy(file: Path, known: Reference) -> Reference:
    """The reference with the tolerance that its own rounding asks for, as the oracle has it."""
    try:
        found = known.noise if known.noise is not None else in_fork(WARM, LIMITS, noise, file, known)
    except Died:
        found = 0.0
    return replace(known, noise=found, tolerance=max(known.tolerance, NOISE_FACTOR * min(found, NOISE_LIMIT)))


def _fits(results: Results, name: str, key: str, effort: Effort) -> bool:
    held = results.key(name)
    same = held == key or (effort.missing and held.split()[:1] == key.split()[:1])
    return bool(held) and same and not effort.fresh
