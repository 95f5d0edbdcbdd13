"""One model's row of the benchmark, in a process of its own.

python -m tools.bench_model row FILE OUT       prune, prove and time; the row is the last line of stdout, as JSON
python -m tools.bench_model memory FILE OUT    prune and prove only; prints the bytes that the imports alone hold
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import onnx

from onnxprune.errors import OnnxpruneError
from onnxprune.graph import data_files_of, load
from onnxprune.pruning import Measurement, Options, Result, Target, optimize
from onnxprune.runtime import file_size, session
from tools.peak import high_water

TARGET = Target("macs", 0.5)
STAGES = {"load": "load", "analys": "analyse", "choos": "choose", "shrink": "shrink", "prov": "prove"}
"""How the messages of `optimize` begin -> the column that the time goes to. What comes after is writing and timing."""


class Laps:
    """Listens to progress and adds up processor seconds between messages, over all threads of the process."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.process_time()

    def __call__(self, message: str) -> None:
        now = time.process_time()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage = next((stage for start, stage in STAGES.items() if message.startswith(start)), "")
        self._since = now


def row(file: Path, out: Path) -> dict[str, Any]:
    """Everything that the tables say of one model, but for the memory."""
    laps = Laps()
    result = optimize(file, out, Options(target=TARGET), laps)
    return {
        "nodes": len(load(file).graph.nodes),
        "unknown": result.unknown,
        "macs": [result.before["macs"], result.after["macs"]],
        "params": [result.before["params"], result.after["params"]],
        "fraction": result.fraction,
        "met": result.met,
        "proof": {key: getattr(result.proof, key) for key in ("status", "error", "noise", "draws", "reason")},
        "seconds": laps.seconds,
        "groups": len(result.plan.groups),
        "locked": [lock.sentence.partition(":")[0] for lock in result.locked[:3]],
        **_measured(result),
    }


def _measured(result: Result) -> dict[str, Any]:
    found: Measurement | None = result.measured
    if found is None:
        return {}
    sizes = {"bytes": list(found.bytes)}
    if found.latency is None:
        return {**sizes, "untimed": found.reason}
    wall, cpu = found.latency.ratio(1), found.latency.cpu_ratio(1)
    return {
        **sizes,
        "ms": [1e3 * found.latency.median(k) for k in (0, 1)],
        "ratio": [wall.value, wall.low, wall.high],
        "cpu_ratio": [cpu.value, cpu.low, cpu.high],
    }


def memory(file: Path, out: Path) -> dict[str, Any]:
    """Prune and prove, and say what the process held before it began."""
    # ONNX Runtime itself is no part of the model's share.
    session(onnx.parser.parse_model(_SMALLEST).SerializeToString())
    held = high_water()
    optimize(file, out, Options(target=TARGET, bench=False))
    return {"imports": held, "size": file_size(file, sorted(data_files_of(file)))}


_SMALLEST = '<ir_version: 8, opset_import: ["" : 12]> g (float[1] x) => (float[1] y) {y = Identity(x)}'


def main(arguments: list[str]) -> int:
    """Exit code 2 with one sentence where the model can't be pruned."""
    work = {"row": row, "memory": memory}[arguments[0]]
    try:
        found = work(Path(arguments[1]), Path(arguments[2]))
    except OnnxpruneError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{json.dumps(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
