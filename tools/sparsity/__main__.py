"""What sparse models still get right, by pattern, sparsity and method, on trained models with labelled test data.

python -m tools.sparsity [--more] [--only GLOB] [--way NAME] [--pattern NAME] [--sparsity X] [--missing] [--list]

Every cell is a model made sparse in one way; none is trained afterwards. --more: the table of methods that ask for more
than what layers read. Cells are kept in tools/measured and made again only where the model or the source of the
compiler changed, so that a stopped run goes on. Ends by writing docs/sparsity.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from models.making import at_hand
from models.recipe import Recipe, load
from onnxprune.calibration import layers
from onnxprune.coupling import analyze
from onnxprune.graph import load as load_model
from onnxprune.graph import normalize
from onnxprune.pruning import Options
from onnxprune.sparse import gates
from tools import cells
from tools.cells import fill, pruned, zeros
from tools.page import machine
from tools.results import Row
from tools.sparsity import page
from tools.sparsity.ways import ASKING, LEVELS, MORE, MORE_PATTERNS, PATTERNS, WAYS, Way, levels
from tools.trained import SAMPLES, calibration

Cell = tuple[str, str, float, Way, bool]
"""Model, pattern, sparsity, way, whether it's one of the table of methods that ask for more."""


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
    ways, patterns = (MORE, MORE_PATTERNS) if options.more else (WAYS, PATTERNS)
    for model in (m for m in at_hand() if fnmatchcase(m, options.only)):
        fits = [w for w in ways if w.name in (options.way or [w.name]) and (not w.gated or has_gates(load(model)))]
        for pattern in options.pattern or patterns:
            for level in (one for one in options.sparsity or LEVELS if one in levels(pattern)):
                yield from ((model, pattern, level, way, options.more) for way in fits if way.fits(pattern))


def has_gates(recipe: Recipe) -> bool:
    """Whether a model has gated linear units."""
    model = normalize(load_model(recipe.obtain()))
    return bool(gates({layer.name: layer for layer in layers(analyze(model.graph, model.opsets))}))


def name_of(cell: Cell) -> str:
    """What a cell is called among the results."""
    model, pattern, level, way, more = cell
    return " | ".join([model, pattern, f"{level:g}", way.name, *([ASKING] if more else [])])


def obtained(recipe: Recipe, cell: Cell, *, missing: bool = False) -> Row:
    """The row of a cell, made if need be; missing: one made by another state of the source will do."""
    make = lambda whole: measured(recipe, cell, whole)  # noqa: E731
    return cells.obtained(page.kept(), name_of(cell), recipe, make, missing=missing)


def measured(recipe: Recipe, cell: Cell, whole: float) -> Row:
    """The score of a sparse model, also as a share of the dense one's, which is told too, its zeros, how long it took
    (s), and on which machine."""
    _, pattern, level, way, _ = cell
    options = Options(
        passes=[way.text(pattern, level)],
        repair=way.repair,
        calibration=str(calibration(recipe, 0)) if way.data else None,
        samples=SAMPLES,
        verify=False,
        bench=False,
    )
    kept = lambda result: {"weights": len(result.plan.sparse), "zeros": zeros(result)}  # noqa: E731
    # What is kept lies in the checkout, so every cell but the first would find that dirty; the key tells the source.
    return {**pruned(recipe, options, whole, kept), "dense": whole, "machine": machine().replace("-dirty", "")}


def told(row: Row) -> str:
    """A row as a line."""
    return row.get("failed") or f"{row['score']:.4f} ({row['kept']:.1%} of dense), {row['seconds']:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = cells.parser("sparsity", "Accuracy; writes docs/sparsity.md.")
    parser.add_argument("--more", action="store_true", help="methods that ask for more than what layers read")
    parser.add_argument("--way", action="append", metavar="NAME", help="this way; may be repeated")
    parser.add_argument("--pattern", action="append", metavar="NAME", help="this pattern; may be repeated")
    parser.add_argument("--sparsity", action="append", type=float, metavar="X", help="this sparsity; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
