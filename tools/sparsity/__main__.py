"""What sparse models still get right, by pattern, sparsity and method, on trained models with labelled test data.

python -m tools.sparsity [--only GLOB] [--way NAME] [--pattern NAME] [--sparsity X] [--missing] [--list]

Every cell is a model made sparse in one way; none is trained afterwards. Cells are kept in benchmarks/ of the cache
folder and made again only where the model or the source of the compiler changed, so that a stopped run goes on. Ends by
writing docs/sparsity.md.
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
from onnxprune.pruning import Options, optimize
from tools.accuracy.__main__ import dense
from tools.accuracy.cell import SAMPLES, calibration, score
from tools.results import Results, Row, key_of
from tools.sparsity import page
from tools.sparsity.ways import LEVELS, PATTERNS, WAYS, Way, levels

Cell = tuple[str, str, float, Way]
"""Model, pattern, sparsity, way."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    cells = list(chosen(options))
    if not cells:
        print("no model, way, pattern or sparsity of that name", file=sys.stderr)
        return 2
    for cell in cells:
        row = {} if options.list else obtained(load(cell[0]), cell, missing=options.missing)
        print(f"{name_of(cell)}: {told(row)}" if row else name_of(cell), flush=True)
    if not options.list:
        print(page.write())
    return 0


def chosen(options: argparse.Namespace) -> Iterator[Cell]:
    """The cells that a command line asks for, the ways of one model next to each other."""
    for model in (m for m in at_hand() if fnmatchcase(m, options.only)):
        for pattern in options.pattern or PATTERNS:
            for level in options.sparsity or LEVELS:
                ways = WAYS if level in levels(pattern) else ()
                yield from ((model, pattern, level, way) for way in ways if way.name in (options.way or [way.name]))


def name_of(cell: Cell) -> str:
    """What a cell is called among the results."""
    model, pattern, level, way = cell
    return f"{model} | {pattern} | {level:g} | {way.name}"


def obtained(recipe: Recipe, cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    found, name = Results("sparsity"), name_of(cell)
    if missing and name in found.rows() and "failed" not in found.rows()[name]:
        return found.rows()[name]
    return found.obtain(name, key_of(recipe.obtain()), lambda: measured(recipe, cell, dense(recipe)))[0]


def measured(recipe: Recipe, cell: Cell, whole: float) -> Row:
    """The score of a sparse model, also as a share of the dense one's, its zeros, and how long it took (s)."""
    _, pattern, level, way = cell
    options = Options(
        passes=[way.text(pattern, level)],
        repair=way.repair,
        calibration=str(calibration(recipe, 0)) if way.data else None,
        samples=SAMPLES,
        verify=False,
        bench=False,
    )
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        try:
            result = optimize(recipe.obtain(), Path(folder) / "sparse.onnx", options)
        except OnnxpruneError as reason:
            return {"failed": str(reason)}
        seconds, found = time.perf_counter() - start, score(recipe, result.output)
    entries = result.plan.sparse
    zeros = sum(entry["zeros"] for entry in entries) / max(sum(entry["size"] for entry in entries), 1)
    return {"weights": len(entries), "zeros": zeros, "score": found, "kept": found / whole, "seconds": seconds}


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['seconds']:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.sparsity", description="Accuracy; writes docs/sparsity.md.")
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    parser.add_argument("--way", action="append", metavar="NAME", help="this way; may be repeated")
    parser.add_argument("--pattern", action="append", metavar="NAME", help="this pattern; may be repeated")
    parser.add_argument("--sparsity", action="append", type=float, metavar="X", help="this sparsity; may be repeated")
    parser.add_argument("--missing", action="store_true", help="keep cells of other versions of the compiler")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
