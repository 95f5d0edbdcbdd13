"""How often the latency gate is right: on noise that was recorded here, and in real runs.

python -m tools.gate_power [--simulated 200] [--real 30] [--seconds 60]

The model is a chain of twenty convolutions, about 10 ms; the slow one has one more, so 5 % more work. Simulated runs
are gates as they run, by the clock of a recording of the first model: sessions that are made anew play it from another
place on, and those of one side 5 % or nothing slower.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from onnxprune.gate.evidence import Question, State
from onnxprune.gate.figures import Conditions
from onnxprune.gate.latency import MOST_PAIRS, Timed, decide, race
from onnxprune.runtime import prepare, random_inputs, session
from onnxprune.runtime.inputs import input_specs
from onnxprune.runtime.interleave import Call, Clocks, Effort, sample_of
from onnxprune.runtime.pairs import renewed
from tools.table import table

CLOCKS = ("processor", "wall")
LAYERS, SLOWDOWN, CHANNELS, PIXELS = 20, 1.05, 64, 28
BLOCK = 64
"""Runs that are recorded at the least."""

QUESTION = Question(1.02, 1.05)
HEAD = ("runs", "clock", "slowdown", "not met", "met", "undecided", "pairs, median", "seconds, median")
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """One decision, and how long it took."""

    state: State
    pairs: int
    seconds: float


def chain(layers: int, file: Path) -> Path:
    """A chain of convolutions with random weights, as a file."""
    random, nodes, weights = np.random.default_rng(0), [], []
    for i in range(layers):
        values = (0.06 * random.standard_normal((CHANNELS, CHANNELS, 3, 3))).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{i}"))
        nodes.append(helper.make_node("Conv", [f"r{i}", f"w{i}"], [f"c{i}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i + 1}"]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, CHANNELS, PIXELS, PIXELS])
        for name in ("r0", f"r{layers}")
    ]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return file


@dataclass(frozen=True)
class Recording:
    """Seconds of one model's runs, one after the other, and of making a session of it."""

    wall: Vector
    processor: Vector
    making: float


def recorded(file: Path, seconds: float) -> Recording:
    """Record a model for so long."""
    start = time.perf_counter()
    loaded = session(file)
    making = time.perf_counter() - start
    call, clocks = prepare(loaded, random_inputs(input_specs(loaded))), Clocks()
    end = time.perf_counter() + seconds
    rows: list[tuple[float, float]] = []
    while time.perf_counter() < end or len(rows) < BLOCK:
        rows.append(sample_of(call, 1, clocks))
    wall, processor = np.array(rows[3:]).T
    return Recording(wall, processor, making)


class Tape:
    """A recording that is played: runs take as long as those recorded, and its clocks tell of them."""

    def __init__(self, recording: Recording, seed: int) -> None:
        self.recording, self.at = recording, 0
        self.wall = self.processor = 0.0
        self._random = np.random.default_rng(seed)

    def session(self, slowdown: float) -> Call:
        """One more; what comes next was recorded at another time."""
        self.wall += self.recording.making
        self.at = int(self._random.integers(len(self.recording.wall)))
        return lambda: self._run(slowdown)

    def _run(self, slowdown: float) -> None:
        self.wall += slowdown * float(self.recording.wall[self.at])
        self.processor += slowdown * float(self.recording.processor[self.at])
        self.at = (self.at + 1) % len(self.recording.wall)


def simulated(recording: Recording, clock: str, slowdown: float, seconds: float, seed: int) -> Outcome:
    """One gate as it runs, but for the clock, and sessions that play a recording."""
    tape = Tape(recording, seed)
    clocks = Clocks(wall=lambda: tape.wall, cpu=lambda: tape.processor)
    effort = Effort(rounds=MOST_PAIRS, max_seconds=seconds)
    base, new = partial(tape.session, 1.0), partial(tape.session, slowdown)
    found = decide(renewed(base, new, effort, seed=seed, processor=clock == "processor", clocks=clocks), QUESTION)
    return Outcome(found.state, found.pairs, tape.wall)


def real(base: Path, new: Path, clock: str, seconds: float, seed: int) -> Outcome:
    """One gate as it runs, with sessions of its own."""
    loaded = session(base)
    feeds, start = random_inputs(input_specs(loaded)), time.perf_counter()
    found: Timed = race(base, new, QUESTION, Conditions(seed=seed), feeds, clock=clock, seconds=seconds)
    return Outcome(found.state, found.pairs, time.perf_counter() - start)


def row(kind: str, clock: str, slowdown: float, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """What became of so many runs."""
    states = Counter(outcome.state for outcome in outcomes)
    counts = [f"{states[state]} of {len(outcomes)}" for state in (State.NOT_MET, State.MET, State.UNDECIDED)]
    pairs, seconds = (median(values) for values in zip(*((o.pairs, o.seconds) for o in outcomes), strict=True))
    return (kind, clock, f"{100 * (slowdown - 1):.0f} %", *counts, f"{pairs:.0f}", f"{seconds:.1f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    options = _parser().parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory(prefix="onnxprune-power-") as folder:
        base, slow = (chain(n, Path(folder) / f"{n}.onnx") for n in (LAYERS, LAYERS + 1))
        times = recorded(base, options.record)
        print(f"recorded {len(times.wall)} runs, {1e3 * median(times.wall):.1f} ms in the median", flush=True)
        for clock in CLOCKS if options.simulated else ():
            for slowdown in (1.0, SLOWDOWN):
                found = [simulated(times, clock, slowdown, options.seconds, seed) for seed in range(options.simulated)]
                rows.append(_told(row("simulated", clock, slowdown, found)))
        for clock in CLOCKS if options.real_wall else CLOCKS[:1]:
            rows += _real(base, slow, clock, options, _told)
    print(table(HEAD, rows))
    return 0


def _real(
    base: Path, slow: Path, clock: str, options: argparse.Namespace, told: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Real runs of both kinds in turns, so that both see the same load."""
    found: dict[float, list[Outcome]] = {1.0: [], SLOWDOWN: []}
    for seed in range(options.real):
        for slowdown, new in ((1.0, base), (SLOWDOWN, slow)):
            found[slowdown].append(real(base, new, clock, options.seconds, seed))
            print(f"real {clock} {slowdown}: {found[slowdown][-1]}", file=sys.stderr, flush=True)
    return [told(row("real", clock, slowdown, outcomes)) for slowdown, outcomes in found.items() if outcomes]


def _told(one: tuple[str, ...]) -> tuple[str, ...]:
    print("  ".join(one), flush=True)
    return one


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="How often the latency gate is right.")
    parser.add_argument("--simulated", type=int, default=200, metavar="N", help="simulated runs of each kind")
    parser.add_argument("--real", type=int, default=30, metavar="N", help="real runs of each kind")
    parser.add_argument("--real-wall", action="store_true", help="real runs on the wall's clock, too")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="of measuring, per run")
    parser.add_argument("--record", type=float, default=60.0, metavar="S", help="length of the recording")
    return parser


if __name__ == "__main__":
    sys.exit(main())
