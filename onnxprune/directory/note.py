"""onnxprune.json in a directory: what was done there, and which files are of that."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onnxprune._version import __version__
from onnxprune.directory.result import DirectoryResult
from onnxprune.graph import data_files_of
from onnxprune.pruning import Result
from onnxprune.pruning.plan import sha256
from onnxprune.runtime import file_size

NAME = "onnxprune.json"
VERSION = 1


def note(result: DirectoryResult, made: Path) -> dict[str, Any]:
    """What onnxprune.json says. made: where the result's files lie as long as they haven't got their place.

    Pairs of numbers are before and after; sizes are in bytes, with data files.
    """
    target = result.target
    aim = target and {"quantity": target.quantity, "fraction": target.fraction, "left": result.fraction}
    return {
        "version": VERSION,
        "onnxprune": __version__,
        "source": result.source.name,
        "target": {**aim, "met": result.reached} if aim else None,
        "models": {name: _model(name, one, made) for name, one in result.results.items()},
        "config": [asdict(field) for field in result.fields],
        "carried": result.carried,
        "written": sorted(_written(result, made)),
        "warnings": warnings(result),
    }


def warnings(result: DirectoryResult) -> list[str]:
    """All sentences; those about a single model among several begin with its name."""
    several = len(result.results) > 1
    own = [f"{name}: {text}" if several else text for name, one in result.results.items() for text in one.warnings]
    return [*dict.fromkeys([*result.warnings, *own])]


def known_files(folder: Path) -> set[str] | None:
    """The files that an earlier run put into a directory; None where it is no result of any."""
    try:
        body = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return {NAME, *map(str, body["carried"]), *map(str, body["written"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _written(result: DirectoryResult, made: Path) -> list[str]:
    return [path.relative_to(made).as_posix() for name in result.results for path in _files(made / name)]


def _files(model: Path) -> list[Path]:
    return [model, *sorted(data_files_of(model))]


def _model(name: str, result: Result, made: Path) -> dict[str, Any]:
    old, new = result.source, made / name
    return {
        "sha256": [sha256(old), sha256(new)],
        "params": [round(result.before["params"]), round(result.after["params"])],
        "macs": [round(result.before["macs"]), round(result.after["macs"])],
        "bytes": [file_size(path, sorted(data_files_of(path))) for path in (old, new)],
        "proof": result.proof.status,
    }
