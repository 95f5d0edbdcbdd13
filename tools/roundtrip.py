"""Loads, normalises, finishes and saves models that nothing is pruned from: they must come out the same, not larger.

    python -m tools.roundtrip MODEL [MODEL ...]

Prints a line for every model: whether its outputs are equal in ONNX Runtime, bytes before and after. Exits with 1
where one differs by more than 1e-6 (relative to the largest output) or has grown.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from onnxprune.errors import OnnxpruneError
from onnxprune.graph import data_files_of, finish, index_bounds, load, normalize, save
from onnxprune.runtime import Array, file_size, run, runnable_inputs, session

TOLERANCE = 1e-6


def main(paths: Sequence[str]) -> int:
    """Print a line for every model. Returns the exit code."""
    verdicts = [_line(Path(path)) for path in paths]
    return 0 if all(verdicts) else 1


def _line(path: Path) -> bool:
    try:
        with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
            same, before, after = round_trip(path, Path(folder) / path.name)
    except OnnxpruneError as error:
        print(f"{path.name:36} FAILED {error}", flush=True)
        return False
    verdict = "equal" if same == 0 else "close" if same <= TOLERANCE else "DIFFERS"
    size = "" if after <= before else "  GREW"
    print(f"{path.name:36} {verdict:8} {same:9.2e} {before:>12} {after:>12} {after - before:>8}{size}", flush=True)
    return same <= TOLERANCE and after <= before


def round_trip(source: Path, saved: Path) -> tuple[float, int, int]:
    """The largest relative difference of the outputs, and bytes before and after, data files included."""
    model = normalize(load(source))
    bounds = index_bounds(model.graph)
    save(finish(model), saved)
    dense = session(source)
    feeds = runnable_inputs(dense, bounds=bounds)
    expected = run(dense, feeds)
    del dense
    difference = _difference(expected, run(session(saved), feeds))
    sizes = [file_size(p, sorted(data_files_of(p))) for p in (source, saved)]
    return difference, sizes[0], sizes[1]


def _difference(expected: Mapping[str, Array], actual: Mapping[str, Array]) -> float:
    if expected.keys() != actual.keys():
        return float("inf")
    return max((_relative(a, actual[name]) for name, a in expected.items()), default=0.0)


def _relative(a: Array, b: Array) -> float:
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    if a.tobytes() == b.tobytes():
        return 0.0
    if a.dtype.kind not in "fc":
        return float("inf")
    gap = np.abs(a.astype(np.float64) - b.astype(np.float64)).max()
    return float(gap / max(np.abs(a.astype(np.float64)).max(), 1e-30))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
