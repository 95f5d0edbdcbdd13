"""What tools have in common that fill a page cell by cell, on trained models with labelled test data.

Cells are kept, and made again only where the model or the source of the compiler changed, so that a stopped run goes
on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from models.recipe import Recipe
from onnxprune.errors import OnnxpruneError
from onnxprune.pruning import Options, Result, optimize
from tools.results import Results, Row, key_of
from tools.trained import score

Cell = TypeVar("Cell")


def parser(tool: str, description: str) -> argparse.ArgumentParser:
    """The options that all of them have."""
    made = argparse.ArgumentParser(prog=f"python -m tools.{tool}", description=description)
    made.add_argument("--only", default="*", metavar="GLOB", help="models whose name fits")
    made.add_argument("--missing", action="store_true", help="keep cells of other versions of the compiler")
    made.add_argument("--list", action="store_true", help="print the cells and stop")
    return made


def fill(
    cells: Iterable[Cell],
    name: Callable[[Cell], str],
    obtain: Callable[[Cell], Row],
    told: Callable[[Row], str],
    write: Callable[[], Path],
    nothing: str,
    *,
    only_list: bool,
) -> int:
    """Make the cells, tell each, and write the page. Returns an exit code, 2 where there are none.

    nothing: what is told then; only_list: tell their names and do nothing
    """
    chosen = list(cells)
    if not chosen:
        print(nothing, file=sys.stderr)
        return 2
    for cell in chosen:
        print(name(cell) if only_list else f"{name(cell)}: {told(obtain(cell))}", flush=True)
    if not only_list:
        print(write())
    return 0


def obtained(
    section: str | Results, name: str, recipe: Recipe, make: Callable[[float], Row], *, missing: bool = False
) -> Row:
    """The row of a cell, made if need be. make: from the dense model's score; missing: one made by another state of the
    source will do."""
    key, results = key_of(recipe.obtain()), section if isinstance(section, Results) else Results(section)
    return results.obtain(name, key, lambda: make(dense(recipe)), missing=missing)[0]


def dense(recipe: Recipe) -> float:
    """The dense model's score, on the same samples."""
    path = recipe.obtain()
    make: Any = lambda: {"score": score(recipe, path)}  # noqa: E731
    return float(Results("accuracy-dense").obtain(recipe.name, path.name, make)[0]["score"])


def pruned(recipe: Recipe, options: Options, whole: float, tell: Callable[[Result], Row]) -> Row:
    """A model pruned in some way: its score, as it is and as a share of the dense one's, and how long it took (s).

    tell: what else there is to keep of the result, whose file is still there
    """
    with TemporaryDirectory(prefix="onnxprune-") as folder:
        start = time.perf_counter()
        try:
            result = optimize(recipe.obtain(), Path(folder) / "pruned.onnx", options)
        except OnnxpruneError as reason:
            return {"failed": str(reason)}
        seconds, found = time.perf_counter() - start, score(recipe, result.output)
        return {"score": found, "kept": found / whole, "seconds": seconds, **tell(result)}


def zeros(result: Result) -> float:
    """The share of zeros in the weights that were made sparse."""
    entries = result.plan.sparse
    return float(sum(entry["zeros"] for entry in entries) / max(sum(entry["size"] for entry in entries), 1))
