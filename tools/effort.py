"""How long it takes to prune a model by data and to repair it, stage by stage, with nothing known of it beforehand.

python -m tools.effort [--model NAME] [--samples N] [--macs X]

Random data of the model's own input; weights are random as well (`tools/zoo_models.py`), which costs the same time. All
cores. Prints seconds on the wall by stage.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from onnxprune.pruning import Options, Target, optimize
from onnxprune.runtime import input_specs, session
from tools import zoo_models
from tools.latency import other_cache
from tools.table import number, table

STAGES = {
    "load": "load",
    "analys": "analyse",
    "choos": "collect and score",
    "shak": "shake",
    "repair": "repair",
    "shrink": "shrink",
    "prov": "prove",
    "writ": "write",
}
"""How the messages of `optimize` begin -> what is told; a message of no stage belongs to the one before."""


class Laps:
    """Listens to progress and adds up the seconds between messages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "load", time.perf_counter()

    def __call__(self, message: str) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage = next((stage for start, stage in STAGES.items() if message.startswith(start)), self._stage)
        self._since = now


def seconds(file: Path, samples: int, fraction: float) -> dict[str, float]:
    """Seconds by stage, and of the whole, with a proof and without measuring the result."""
    (spec,) = input_specs(session(file))
    shape = [samples, *(int(size) if isinstance(size, int) else 1 for size in spec.shape[1:])]
    with TemporaryDirectory(prefix="onnxprune-") as name, other_cache(name):
        data = Path(name) / "data.npy"
        np.save(data, np.random.default_rng(0).standard_normal(shape).astype(np.float32))
        laps, start = Laps(), time.perf_counter()
        options = Options(target=Target("macs", fraction), calibration=str(data), samples=samples, bench=False)
        optimize(file, Path(name) / "pruned.onnx", options, laps)
        laps("done")
        return {**laps.seconds, "all": time.perf_counter() - start}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where there is no such model."""
    parser = argparse.ArgumentParser(prog="python -m tools.effort", description="Time of pruning by data.")
    parser.add_argument("--model", default="resnet50", metavar="NAME", help="of the reference models; with one input")
    parser.add_argument("--samples", type=int, default=512, metavar="N", help="of the data")
    parser.add_argument("--macs", type=float, default=0.5, metavar="X", help="what may stay")
    options = parser.parse_args(arguments)
    if options.model not in zoo_models.names():
        print("no model of that name", file=sys.stderr)
        return 2
    found = seconds(zoo_models.path(options.model), options.samples, options.macs)
    print(table(("stage", "s"), [(stage, number(value, 1)) for stage, value in found.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
