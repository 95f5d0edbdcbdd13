"""Side by side with other tools: how long pruning takes, how fast the results run, and how far each gets.

python -m tools.peers [NAME ...] [--only compile|speed|reach] [--fresh]

The others live in a virtual environment of their own, made in the cache folder at first use; nothing of them is
imported by the package or its tests. Results are kept like those of tools.bench, and written to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools import page, zoo_models
from tools.peak import one_thread
from tools.peer_environment import ONNXSIM, TORCH_PRUNING, interpreter
from tools.results import ROOT, Results, key_of

MODELS = {
    "compile": ("resnet50", "densenet121", "bert-base"),
    "speed": ("resnet50", "mobilenet_v2", "efficientnet_b0", "bert-base", "vit_b_16_timm"),
    "reach": tuple(zoo_models.names()),
}
TIMEOUT = 7200.0


def measure(section: str, name: str, python: Path) -> dict[str, Any]:
    """One row, from a process of its own: {"failed": reason} where it can't be had."""
    with tempfile.TemporaryDirectory(prefix="onnxprune-peers-") as folder:
        command = [str(python), "-W", "ignore", "-m", f"tools.peer_{section}", name, folder]
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=one_thread(), timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"takes more than {TIMEOUT:g} seconds"}
    if done.returncode:
        return {"failed": f"exit status {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a row failed, 2 for an unknown name."""
    options = _parser().parse_args(arguments)
    sections = [options.only] if options.only else list(MODELS)
    there = {name for section in sections for name in MODELS[section]}
    if unknown := [name for name in options.names if name not in there]:
        print(f"no model {unknown[0]}: there are {', '.join(sorted(there))}", file=sys.stderr)
        return 2
    chosen = [(s, n) for s in sections for n in MODELS[s] if not options.names or n in options.names]
    failed = [pair for pair in chosen if not _one(*pair, options.fresh)]
    print(page.write())
    return 1 if failed else 0


def _one(section: str, name: str, fresh: bool) -> bool:
    key = key_of(zoo_models.path(name), TORCH_PRUNING, ONNXSIM)
    print(f"{section}: {name}", file=sys.stderr)
    row, _ = Results(section).obtain(name, key, lambda: measure(section, name, interpreter()), fresh=fresh)
    return "failed" not in row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Comparison with other tools; writes docs/benchmarks.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that a section knows")
    parser.add_argument("--only", choices=sorted(MODELS), help="one section")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
