"""How the time of the analysis grows with the number of nodes.

python -m tools.linearity
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import onnx

from onnxprune.coupling import analyze
from onnxprune.graph import load, normalize
from tools.llama_graph import llama
from tools.results import Results, program
from tools.table import number, table

LAYERS = (4, 8, 16, 32)
REPEATS = 5
HEAD = ("layers", "nodes", "groups", "normalise s", "analyse s", "µs per node", "per node, times the first")


def grow(layers: Sequence[int] = LAYERS, repeats: int = REPEATS) -> list[dict[str, float]]:
    """For every number of layers: nodes, groups, and median processor seconds of normalisation and analysis."""
    with tempfile.TemporaryDirectory(prefix="onnxprune-linearity-") as folder:
        return [_one(count, repeats, Path(folder) / f"{count}.onnx") for count in layers]


def _one(layers: int, repeats: int, file: Path) -> dict[str, float]:
    onnx.save(llama(layers), file)
    runs = [_run(file) for _ in range(repeats)]
    return {"layers": layers} | {name: median(run[name] for run in runs) for name in runs[0]}


def _run(file: Path) -> dict[str, float]:
    model = load(file)
    nodes, start = len(model.graph.nodes), time.process_time()
    model = normalize(model)
    middle = time.process_time()
    analysis = analyze(model.graph, model.opsets)
    seconds = {"normalise": middle - start, "analyse": time.process_time() - middle}
    return {"nodes": nodes, "groups": len(analysis.prunable), **seconds}


def rendered(found: Sequence[dict[str, float]]) -> str:
    """The table; the last column would stay at 1 if time grew exactly with the number of nodes."""
    each = [(row["normalise"] + row["analyse"]) / row["nodes"] for row in found]
    return table(
        HEAD,
        [
            (
                f"{row['layers']:.0f}",
                f"{row['nodes']:.0f}",
                f"{row['groups']:.0f}",
                number(row["normalise"], 3),
                number(row["analyse"], 3),
                number(1e6 * cost, 0),
                number(cost / each[0]),
            )
            for row, cost in zip(found, each, strict=True)
        ],
    )


def record(*, fresh: bool = True) -> list[dict[str, float]]:
    """Measure, or take what is kept for this source of the compiler."""
    found, _ = Results("linearity").obtain("llama", program(), lambda: {"rows": grow()}, fresh=fresh)
    rows: list[dict[str, float]] = found["rows"]
    return rows


if __name__ == "__main__":
    print(rendered(record()))
