"""Where a model's time goes, node by node, by ONNX Runtime's own profiler."""

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.runtime.run import Feeds, run
from onnxprune.runtime.session import session

_SUFFIX = "_kernel_time"

_COMPILED = re.compile(r"(\w+ExecutionProvider)_\d+_\d+")
"""How ONNX Runtime calls what a provider has compiled: by the provider, the model and a number."""


@dataclass(frozen=True)
class OpTime:
    """Seconds per run that a node took itself, without the nodes of its subgraphs. op: of what a provider has compiled,
    the provider"""

    op: str
    name: str
    seconds: float


def profile_ops(
    model: Path | str | bytes,
    feeds: Feeds,
    *,
    threads: int = 1,
    runs: int = 10,
    optimize: bool = True,
    provider: str = "cpu",
) -> list[OpTime]:
    """Time every node that ONNX Runtime executes, slowest first, averaged over `runs` after one warm-up.

    The nodes are those left by ONNX Runtime's optimizer, unless `optimize` is False. The resolution is a
    microsecond. Raises InputError if the model can't be loaded or run.
    """
    if runs < 1:
        raise InputError(f"a profile needs at least 1 run, not {runs}")
    with tempfile.TemporaryDirectory(prefix="onnxprune-profile-") as folder:
        path = Path(folder) / "ops"
        loaded = session(model, threads=threads, provider=provider, profile=path, optimize=optimize)
        try:
            for _ in range(runs + 1):
                run(loaded, feeds)
        finally:
            written = loaded.end_profiling()
        events = json.loads(Path(written).read_text(encoding="utf-8"))
    return op_times(events, warmup=1)


def by_op(times: Iterable[OpTime]) -> dict[str, float]:
    """Seconds per run for every op type, slowest first."""
    totals: defaultdict[str, float] = defaultdict(float)
    for time in times:
        totals[time.op] += time.seconds
    return dict(sorted(totals.items(), key=itemgetter(1), reverse=True))


def op_times(events: list[dict[str, Any]], *, warmup: int = 0) -> list[OpTime]:
    """Average the profiler's events (times in microseconds) over its runs but for the first `warmup`."""
    starts = sorted(event["ts"] for event in events if event["name"] == "model_run")[warmup:]
    if not starts:
        return []
    nodes = [e for e in events if e["name"].endswith(_SUFFIX) and e["ts"] >= starts[0]]
    totals: defaultdict[tuple[str, str], float] = defaultdict(float)
    for event, duration in self_times(nodes):
        op = event["args"]["op_name"]
        compiled = _COMPILED.fullmatch(op)
        key = compiled[1] if compiled else op, event["name"].removesuffix(_SUFFIX)
        totals[key] += duration
    times = [OpTime(op, name, total * 1e-6 / len(starts)) for (op, name), total in totals.items()]
    return sorted(times, key=lambda time: time.seconds, reverse=True)


def self_times(nodes: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], float]]:
    """Each event with its duration less those of the events within it (the body of an If or Loop)."""
    ordered = sorted(nodes, key=lambda event: (event["tid"], event["ts"], -event["dur"]))
    own = [event["dur"] for event in ordered]
    enclosing: list[int] = []
    for index, event in enumerate(ordered):
        while enclosing and not _is_within(event, ordered[enclosing[-1]]):
            enclosing.pop()
        if enclosing:
            own[enclosing[-1]] -= event["dur"]
        enclosing.append(index)
    return ((event, max(duration, 0)) for event, duration in zip(ordered, own, strict=True))


def _is_within(event: dict[str, Any], outer: dict[str, Any]) -> bool:
    return bool(event["tid"] == outer["tid"] and event["ts"] < outer["ts"] + outer["dur"])
