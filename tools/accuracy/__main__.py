"""What pruned models still get right, by criterion, budget and repair, on trained models with labelled test data.

python -m tools.accuracy [--only GLOB] [--column NAME] [--macs 0.8] [--seeds N] [--claims] [--missing] [--list]

Every cell is a model pruned in one way to one size; none is trained afterwards. Cells are kept in benchmarks/ of the
cache folder and made again only where the model or the source of the compiler changed, so that a stopped run goes on.
Ends by writing docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from models.making import at_hand
from models.recipe import Recipe, load
from tools.accuracy import page
from tools.accuracy.cell import measured, score
from tools.accuracy.claims import CLAIMS
from tools.accuracy.columns import COLUMNS, LEVELS, Column
from tools.results import Results, Row, key_of

Cell = tuple[str, Column, float, int]
"""Model, column, fraction of the multiply-accumulates, seed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    cells = list(chosen(options))
    if not cells:
        print("no model, column or size of that name", file=sys.stderr)
        return 2
    for model, column, fraction, seed in cells:
        name = name_of(model, column, fraction, seed)
        row = {} if options.list else obtained(load(model), (model, column, fraction, seed), missing=options.missing)
        print(f"{name}: {told(row)}" if row else name, flush=True)
    if not options.list:
        print(page.write())
    return 0


def chosen(options: argparse.Namespace) -> Iterator[Cell]:
    """The cells that a command line asks for, the sizes of one model next to each other."""
    models = [model for model in at_hand() if fnmatchcase(model, options.only)]
    for seed in range(options.seeds):
        for model in models:
            for column in COLUMNS:
                if column.name in (options.column or [column.name]):
                    levels = _claimed(model, column) if options.claims else options.macs or LEVELS
                    yield from ((model, column, fraction, seed) for fraction in levels)


def _claimed(model: str, column: Column) -> list[float]:
    """The sizes at which claims speak of a model and a column."""
    spoken = (claim for claim in CLAIMS if model in claim.models and column.name in claim.columns)
    return sorted({claim.level for claim in spoken})


def name_of(model: str, column: Column, fraction: float, seed: int) -> str:
    """What a cell is called among the results."""
    return f"{model} | {column.name} | {fraction:g} | {seed}"


def obtained(recipe: Recipe, cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    _, column, fraction, seed = cell
    found, name, key = Results("accuracy"), name_of(*cell), key_of(recipe.obtain())
    if missing and name in found.rows() and "failed" not in found.rows()[name]:
        return found.rows()[name]
    return found.obtain(name, key, lambda: measured(recipe, column, fraction, seed, dense(recipe)))[0]


def dense(recipe: Recipe) -> float:
    """The dense model's score, on the same samples."""
    path = recipe.obtain()
    make: Any = lambda: {"score": score(recipe, path)}  # noqa: E731
    return float(Results("accuracy-dense").obtain(recipe.name, path.name, make)[0]["score"])


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['seconds']:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy", description="Accuracy; writes docs/accuracy.md.")
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    parser.add_argument("--column", action="append", metavar="NAME", help="this way to prune; may be repeated")
    parser.add_argument("--macs", action="append", type=float, metavar="X", help="this size; may be repeated")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="draws of the calibration data")
    parser.add_argument("--claims", action="store_true", help="the cells of published claims, and no others")
    parser.add_argument("--missing", action="store_true", help="keep cells of other versions of the compiler")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
