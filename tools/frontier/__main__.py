"""Quality over measured time, for units that go, zeros, and both, on trained models with labelled test data.

python -m tools.frontier [--only GLOB] [--way NAME] [--target X] [--missing] [--list]

Cells are kept in benchmarks/ of the cache folder and made again only where the model or the source of the compiler
changed, so that a stopped run goes on. Ends by writing docs/frontier.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from models.making import at_hand
from models.recipe import Recipe, load
from onnxprune.pruning import Options, Result, Target
from onnxprune.pruning.measure import timing_feeds
from onnxprune.runtime import bench
from tools import cells
from tools.cells import fill, pruned, zeros
from tools.frontier import page
from tools.frontier.ways import LEVELS, WAYS, Way
from tools.results import Row
from tools.trained import calibration

MODELS = ("vit_fashion", "gpt_austen", "resnet_cifar")
CONVOLVES = ("resnet_cifar",)
"""Convolutions with zeros are faster only with the plug-in's provider, which takes standard files."""
SAMPLES = 256
ROUNDS, MOST_SECONDS = 60, 20.0

Cell = tuple[str, Way, float]
"""Model, way, part of the time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    return fill(
        chosen(options),
        name_of,
        lambda cell: obtained(load(cell[0]), cell, missing=options.missing),
        told,
        page.write,
        "no model, way or target of that name",
        only_list=options.list,
    )


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
    make = lambda whole: measured(recipe, cell, whole)  # noqa: E731
    return cells.obtained("frontier", name_of(cell), recipe, make, missing=missing)


def measured(recipe: Recipe, cell: Cell, whole: float) -> Row:
    """What a result keeps of the score, its time beside the dense model, its zeros and multiplications."""
    model, way, level = cell
    options = Options(
        provider="sparse" if model in CONVOLVES else "cpu",
        target=Target("latency", level),
        passes=way.passes,
        calibration=str(calibration(recipe, 0)),
        samples=SAMPLES,
        verify=False,
        bench=False,
    )

    def kept(result: Result) -> Row:
        files, feeds = [recipe.obtain(), result.output], timing_feeds(recipe.obtain(), options)
        ratio = bench(files, feeds=feeds, rounds=ROUNDS, max_seconds=MOST_SECONDS, provider=options.provider).cpu_ratio(
            1
        )
        return {
            "time": [1 / ratio.value, 1 / ratio.high, 1 / ratio.low],
            "met": result.reached,
            "zeros": zeros(result),
            "macs": result.after["macs"] / result.before["macs"],
        }

    return pruned(recipe, options, whole, kept)


def told(row: Row) -> str:
    """A row as a line."""
    if "failed" in row:
        return str(row["failed"])
    return (
        f"{row['score']:.4f} ({row['kept']:.1%} of dense) in {row['time'][0]:.1%} of its time, {row['seconds']:.0f} s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = cells.parser("frontier", "Writes docs/frontier.md.")
    parser.add_argument("--way", action="append", metavar="NAME", help="this way; may be repeated")
    parser.add_argument("--target", action="append", type=float, metavar="X", help="this part; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
