"""The coverage zoo: many small graphs, each pruned to 0.7 and 0.5 of its multiply-accumulates and proved.

python -m tools.zoo [--only GLOB] [--family NAME] [--jobs N] [--no-bench] [--fresh] [--missing] [--list]

Graphs are exported once into coverage/ of the cache folder. Every graph is pruned in a process of its own; rows are
kept in benchmarks/ of the cache folder and made again only where the graph or the source of the compiler changed, so
that a stopped run goes on. Ends by writing docs/coverage.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools.zoo import page
from tools.zoo.entry import FAMILIES
from tools.zoo.lists import chosen
from tools.zoo.outcome import CRASHED, REFUTED, UNMADE, outcome
from tools.zoo.survey import Effort, survey


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a graph crashed, was refuted or couldn't be exported, 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    entries = chosen(options.only, options.family)
    if not entries:
        print(f"no graph is named {options.only} in {', '.join(options.family or FAMILIES)}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(f"{entry.family:18} {entry.name}" for entry in entries))
        return 0
    rows = survey(entries, Effort(options.jobs, not options.no_bench, options.fresh, options.missing))
    print(page.write())
    return 1 if {outcome(row) for row in rows} & {CRASHED, REFUTED, UNMADE} else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.zoo", description="Coverage; writes docs/coverage.md.")
    parser.add_argument("--only", default="*", metavar="GLOB", help="graphs whose name fits, such as 'timm.*'")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="of this family; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="graphs at a time")
    parser.add_argument("--no-bench", action="store_true", help="time nothing")
    parser.add_argument("--fresh", action="store_true", help="do again what is there")
    parser.add_argument("--missing", action="store_true", help="keep rows of other versions of the compiler")
    parser.add_argument("--list", action="store_true", help="print names and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
