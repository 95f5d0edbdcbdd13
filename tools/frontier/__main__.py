"""Quality over measured time, for units that go, zeros, and both, on trained models with labelled test data.

python -m tools.frontier [--only GLOB] [--way NAME] [--target X] [--missing] [--list]

Cells are kept in benchmarks/ of the cache folder and made again only where the model or the source of the compiler
changed, so that a stopped run goes on. Ends by writing docs/frontier.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from models.making import at_hand
from models.recipe import Recipe, load
from onnxprune.errors import OnnxpruneError
from onnxprune.pruning import Options, Target, optimize
from onnxprune.pruning.measure import timing_feeds
from onnxprune.runtime import bench
from tools.accuracy.__main__ import dense
from tools.accuracy.cell import calibration, score
from tools.frontier import page
from tools.frontier.ways import LEVELS, WAYS, Way
from tools.results import Results, Row, key_of

MODELS = ("vit_fashion", "gpt_austen", "resnet_cifar")
SAMPLES = 256
ROUNDS, MOST_SECONDS = 60, 20.0

Cell = tuple[str, Way, float]
"""Model, way, part of the time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    cells = list(chosen(options))
    if not cells:
        print("no model, way or target of that name", file=sys.stderr)
        return 2
    for cell in cells:
        row = {} if options.list else obtained(load(cell[0]), cell, missing=options.missing)
        print(f"{name_of(cell)}: {told(row)}" if row else name_of(cell), flush=True)
    if not options.list:
        print(page.write())
    return 0


def chosen(options: argparse.Namespace) -> Iterator[Cell]:
    """The cells that a command line asks for, the ways of one model and target next to each other."""
    there = at_hand()
    for model in (m for m in MODELS if m in there and fnmatchcase(m, options.only)):
        for level in options.target or LEVELS:
            yield from ((model, way, level) for way in WAYS if way.name in (options.way or [way.name]))


def name_of(cell: Cell) -> str:
    """What a cell is called among the results."""
    model, way, level = cell
    return f"{model} | {way.name} | {level:g}"


def obtained(recipe: Recipe, cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    found, name = Results("frontier"), name_of(cell)
    if missing and name in found.rows() and "failed" not in found.rows()[name]:
        return found.rows()[name]
    return found.obtain(name, key_of(recipe.obtain()), lambda: measured(recipe, cell, dense(recipe)))[0]


def measured(recipe: Recipe, cell: Cell, whole: float) -> Row:
    """What a result keeps of the score, its time beside the dense model, its zeros and multiplications."""
    _, way, level = cell
    options = Options(
        target=Target("latency", level),
        passes=way.passes,
        calibration=str(calibration(recipe, 0)),
        samples=SAMPLES,
        verify=False,
        bench=False,
    )
    file = recipe.obtain()
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        try:
            result = optimize(file, Path(folder) / "fast.onnx", options)
        except OnnxpruneError as reason:
            return {"failed": str(reason)}
        seconds, found = time.perf_counter() - start, score(recipe, result.output)
        feeds = timing_feeds(file, options)
        ratio = bench([file, result.output], feeds=feeds, rounds=ROUNDS, max_seconds=MOST_SECONDS).cpu_ratio(1)
    entries = result.plan.sparse
    return {
        "score": found,
        "kept": found / whole,
        "time": [1 / ratio.value, 1 / ratio.high, 1 / ratio.low],
        "met": result.reached,
        "zeros": sum(e["zeros"] for e in entries) / max(sum(e["size"] for e in entries), 1),
        "macs": result.after["macs"] / result.before["macs"],
        "seconds": seconds,
    }


def told(row: Row) -> str:
    """A row as a line."""
    if "failed" in row:
        return str(row["failed"])
    return (
        f"{row['score']:.4f} ({row['kept']:.1%} of dense) in {row['time'][0]:.1%} of its time, {row['seconds']:.0f} s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.frontier", description="Writes docs/frontier.md.")
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    parser.add_argument("--way", action="append", metavar="NAME", help="this way; may be repeated")
    parser.add_argument("--target", action="append", type=float, metavar="X", help="this part; may be repeated")
    parser.add_argument("--missing", action="store_true", help="keep cells of other versions of the compiler")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
