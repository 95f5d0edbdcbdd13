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

from models.making import at_hand
from models.recipe import Recipe, load
from tools import cells
from tools.accuracy import page
from tools.accuracy.cell import measured
from tools.accuracy.claims import CLAIMS
from tools.accuracy.columns import COLUMNS, LEVELS, Column
from tools.cells import fill
from tools.results import Row

Cell = tuple[str, Column, float, int]
"""Model, column, fraction of the multiply-accumulates, seed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    return fill(
        chosen(options),
        lambda cell: name_of(*cell),
        lambda cell: obtained(load(cell[0]), cell, missing=options.missing),
        told,
        page.write,
        "no model, column or size of that name",
        only_list=options.list,
    )


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
    make = lambda whole: measured(recipe, column, fraction, seed, whole)  # noqa: E731
    return cells.obtained("accuracy", name_of(*cell), recipe, make, missing=missing)


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['seconds']:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = cells.parser("accuracy", "Accuracy; writes docs/accuracy.md.")
    parser.add_argument("--column", action="append", metavar="NAME", help="this way to prune; may be repeated")
    parser.add_argument("--macs", action="append", type=float, metavar="X", help="this size; may be repeated")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="draws of the calibration data")
    parser.add_argument("--claims", action="store_true", help="the cells of published claims, and no others")
    return parser


if __name__ == "__main__":
    sys.exit(main())
