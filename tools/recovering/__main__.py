"""What training brings back, over minutes: pruned models trained towards the dense one, on unlabelled inputs.

python -m tools.recovering [--only GLOB] [--macs 0.5] [--minutes 4] [--way NAME] [--criterion NAME]
                           [--missing] [--list]

Every cell is a model pruned to one size in one way and trained for so long. Cells are kept in benchmarks/ of the cache
folder and made again only where the model or the source of the compiler changed, so that a stopped run goes on. Ends by
writing docs/recovery.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from models.making import at_hand
from models.recipe import load
from tools.accuracy.__main__ import dense
from tools.recovering import page
from tools.recovering.cell import WAYS, Cell, measured
from tools.results import Results, Row, key_of

LEVELS = (0.7, 0.5)
MINUTES = (0.0, 1.0, 4.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    cells = list(chosen(options))
    if not cells:
        print("no model or way of that name", file=sys.stderr)
        return 2
    for cell in cells:
        row = {} if options.list else obtained(cell, missing=options.missing)
        print(f"{cell.name}: {told(row)}" if row else cell.name, flush=True)
    if not options.list:
        print(page.write())
    return 0


def chosen(options: argparse.Namespace) -> Iterator[Cell]:
    """The cells that a command line asks for; nothing is trained from scratch for no time."""
    for model in at_hand():
        for level in options.macs or LEVELS:
            for way in WAYS:
                wanted = fnmatchcase(model, options.only) and way in (options.way or [way])
                for minutes in (options.minutes or MINUTES) if wanted else ():
                    if minutes or way != "scratch":
                        yield from (Cell(model, level, way, minutes, one) for one in options.criterion or [""])


def obtained(cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    recipe, found = load(cell.model), Results("recovering")
    rows = found.rows()
    if missing and cell.name in rows and "failed" not in rows[cell.name]:
        return rows[cell.name]
    return found.obtain(cell.name, key_of(recipe.obtain()), lambda: measured(recipe, cell, dense(recipe)))[0]


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['steps']} steps"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.recovering", description="Recovery; writes docs/recovery.md."
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    parser.add_argument("--macs", action="append", type=float, metavar="X", help="this size; may be repeated")
    parser.add_argument("--minutes", action="append", type=float, metavar="M", help="so long; may be repeated")
    parser.add_argument("--way", action="append", choices=WAYS, help="this way; may be repeated")
    parser.add_argument("--criterion", action="append", metavar="NAME", help="units chosen so; may be repeated")
    parser.add_argument("--missing", action="store_true", help="keep cells of other versions of the compiler")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
