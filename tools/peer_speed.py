"""Latency of a model pruned by Torch-Pruning, in each of several ways, against this project's, interleaved.

python -m tools.peer_speed NAME FOLDER      run by tools.peers in the environment of the other tools
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from onnxprune.budget import macs
from onnxprune.coupling import analyze
from onnxprune.export import Source, write
from onnxprune.graph import load, normalize
from onnxprune.pruning import Options, Target, optimize
from onnxprune.runtime import BenchResult, bench, run, session
from tools import zoo_models
from tools.peer_torch import Way, half, source

WAYS = [Way(multiple, ranked) for ranked in (False, True) for multiple in (4, 8, 16)]
TARGET = 0.5
ROUNDS, SECONDS = 40, 150.0


def count(file: Path) -> float:
    """Multiply-accumulates of a model file, by this project's analysis."""
    model = normalize(load(file))
    return macs(analyze(model.graph, model.opsets)).total()


def measure(name: str, folder: Path) -> dict[str, Any]:
    """All ways of the peer at half of the work; the best of them once more, against ours at the very same work."""
    dense = zoo_models.path(name)
    files, failed = theirs(source(name), folder)
    ours = folder / "ours.onnx"
    optimize(dense, ours, _options(TARGET))
    rows = _rows({"ours": ours, **files}, dense)
    best = max(files, key=lambda way: rows[way]["ratio"][0] * rows[way]["macs"], default="")
    if best:
        same = folder / "same.onnx"
        optimize(dense, same, _options(min(rows[best]["macs"], 1.0)))
        final = _rows({best: files[best], "ours": ours, "ours, same work": same}, dense)
    return {"ways": rows, "failed": failed, "best": best, "final": final if best else {}}


def theirs(model: Source, folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Exported files by way, and why the other ways have none."""
    files: dict[str, Path] = {}
    failed: dict[str, str] = {}
    for k, way in enumerate(WAYS):
        print(way, file=sys.stderr)
        try:
            pruned = dataclasses.replace(model, module=half(model, way, TARGET).module)
            write(pruned, folder / f"{k}.onnx", opset=18, run=_run)
            files[str(way)] = folder / f"{k}.onnx"
        except Exception as error:  # whatever their code raises is a result
            failed[str(way)] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return files, failed


def _options(fraction: float) -> Options:
    return Options(target=Target("macs", fraction), verify=False, bench=False)


def _run(file: Path, feeds: Mapping[str, Any]) -> list[Any]:
    return list(run(session(file), feeds).values())


def _rows(files: Mapping[str, Path], dense: Path) -> dict[str, dict[str, Any]]:
    whole = count(dense)
    found = bench([dense, *files.values()], rounds=ROUNDS, max_seconds=SECONDS)
    return {name: _row(found, k, count(file) / whole) for k, (name, file) in enumerate(files.items(), 1)}


def _row(found: BenchResult, k: int, fraction: float) -> dict[str, Any]:
    wall, cpu = found.ratio(k), found.cpu_ratio(k)
    return {
        "macs": fraction,
        "ms": [1e3 * found.median(0), 1e3 * found.median(k)],
        "ratio": [wall.value, wall.low, wall.high],
        "cpu_ratio": [cpu.value, cpu.low, cpu.high],
    }


def main(arguments: Sequence[str]) -> None:
    """Print the row as the last line of stdout."""
    torch.set_num_threads(1)
    print(f"\n{json.dumps(measure(arguments[0], Path(arguments[1])))}")


if __name__ == "__main__":
    main(sys.argv[1:])
