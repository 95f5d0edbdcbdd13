"""How far converters from ONNX to PyTorch get with the graphs of the coverage zoo, and what of the weights they keep.

python -m tools.lifting [--only GLOB] [--family NAME] [--tool NAME] [--most MIB] [--missing] [--fresh] [--list]

Tries graphs that `python -m tools.zoo` has exported, each in a process of its own. Rows are kept in benchmarks/ of
the cache folder and made again only where the graph or the converter changed, so that a stopped run goes on. The
other converters are installed in the cache folder at first use. Ends by writing docs/lifting.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools.lifting import page
from tools.lifting.contestants import CONTESTANTS
from tools.lifting.survey import Effort, survey
from tools.zoo.entry import FAMILIES
from tools.zoo.lists import chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where the choice is empty."""
    options = _parser().parse_args(arguments)
    entries = chosen(options.only, options.family)
    if not entries:
        print(f"no graph is named {options.only} in {', '.join(options.family or FAMILIES)}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(CONTESTANTS))
        return 0
    tools = [name for name in options.tool or CONTESTANTS if CONTESTANTS[name].ready()]
    for name, row in survey(entries, tools, Effort(options.fresh, options.missing, options.most << 20)):
        print(f"{name}: {row['outcome']}{': ' if row.get('reason') else ''}{row.get('reason', '')}", flush=True)
    print(page.write())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.lifting", description="Converters; writes docs/lifting.md.")
    parser.add_argument("--only", default="*", metavar="GLOB", help="graphs whose name fits, such as 'timm.*'")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="of this family; may be repeated")
    parser.add_argument("--tool", action="append", choices=CONTESTANTS, help="this converter; may be repeated")
    parser.add_argument("--most", type=int, default=400, metavar="MIB", help="leave out larger files")
    parser.add_argument("--missing", action="store_true", help="keep rows of other versions of the compiler")
    parser.add_argument("--fresh", action="store_true", help="try again what is there")
    parser.add_argument("--list", action="store_true", help="print the converters and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
