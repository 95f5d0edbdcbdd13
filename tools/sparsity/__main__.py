"""What sparse models still get right, by pattern, sparsity and method, on trained models with labelled test data.

python -m tools.sparsity [--only GLOB] [--way NAME] [--pattern NAME] [--sparsity X] [--missing] [--list]

Every cell is a model made sparse in one way; none is trained afterwards. Cells are kept in benchmarks/ of the cache
folder and made again only where the model or the source of the compiler changed, so that a stopped run goes on. Ends by
writing docs/sparsity.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from models.making import at_hand
from models.recipe import Recipe, load
from onnxprune.pruning import Options
from tools import cells
from tools.cells import fill, pruned, zeros
from tools.results import Row
from tools.sparsity import page
from tools.sparsity.ways import LEVELS, PATTERNS, WAYS, Way, levels
from tools.trained import SAMPLES, calibration

Cell = tuple[str, str, float, Way]
"""Model, pattern, sparsity, way."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    return fill(
        chosen(options),
        name_of,
        lambda cell: obtained(load(cell[0]), cell, missing=options.missing),
        told,
        page.write,
        "no model, way, pattern or sparsity of that name",
        only_list=options.list,
    )


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
    make = lambda whole: measured(recipe, cell, whole)  # noqa: E731
    return cells.obtained("sparsity", name_of(cell), recipe, make, missing=missing)


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
    kept = lambda result: {"weights": len(result.plan.sparse), "zeros": zeros(result)}  # noqa: E731
    return pruned(recipe, options, whole, kept)


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['seconds']:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = cells.parser("sparsity", "Accuracy; writes docs/sparsity.md.")
    parser.add_argument("--way", action="append", metavar="NAME", help="this way; may be repeated")
    parser.add_argument("--pattern", action="append", metavar="NAME", help="this pattern; may be repeated")
    parser.add_argument("--sparsity", action="append", type=float, metavar="X", help="this sparsity; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
