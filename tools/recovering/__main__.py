"""What training brings back, over minutes: pruned models trained towards the dense one, on unlabelled inputs.

python -m tools.recovering [--only GLOB] [--macs 0.5] [--effort 4m] [--way NAME] [--criterion NAME]
                           [--missing] [--list]

Every cell is a model pruned to one size in one way and trained for so long. Cells are kept in tools/measured/ and made
again only where the model or the source of the compiler changed, so that a stopped run goes on. Ends by writing
docs/recovery.md, and docs/criteria.md where criteria were named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from models.making import at_hand
from models.recipe import load
from tools import cells
from tools.cells import fill
from tools.recovering import page
from tools.recovering.cell import NONE, WAYS, Cell, measured
from tools.results import Row

LEVELS = (0.7, 0.5)
EFFORTS = (NONE, "1m", "4m")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    return fill(
        chosen(options),
        lambda cell: cell.name,
        lambda cell: obtained(cell, missing=options.missing),
        told,
        lambda: page.write(page.kept()),
        "no model or way of that name",
        only_list=options.list,
    )


def chosen(options: argparse.Namespace) -> Iterator[Cell]:
    """The cells that a command line asks for; nothing is trained from scratch for no time."""
    for model in at_hand():
        for level in options.macs or LEVELS:
            for way in WAYS:
                wanted = fnmatchcase(model, options.only) and way in (options.way or [way])
                for effort in (options.effort or EFFORTS) if wanted else ():
                    if effort != NONE or way != "scratch":
                        yield from (Cell(model, level, way, effort, one) for one in options.criterion or [""])


def obtained(cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    recipe = load(cell.model)
    make = lambda whole: measured(recipe, cell, whole)  # noqa: E731
    return cells.obtained(page.kept(), cell.name, recipe, make, missing=missing)


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['steps']} steps"


def _parser() -> argparse.ArgumentParser:
    parser = cells.parser("recovering", "Recovery; writes docs/recovery.md.")
    parser.add_argument("--macs", action="append", type=float, metavar="X", help="this size; may be repeated")
    parser.add_argument("--effort", action="append", metavar="E", help="4m, or 300 steps, or 0; may be repeated")
    parser.add_argument("--way", action="append", choices=WAYS, help="this way; may be repeated")
    parser.add_argument("--criterion", action="append", metavar="NAME", help="units chosen so; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
