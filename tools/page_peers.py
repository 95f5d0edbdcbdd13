"""The tables of docs/benchmarks.md that compare with other tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.peer_environment import ONNXSIM, QONNX, TORCH_PRUNING
from tools.results import Row
from tools.table import interval, number, table

_COMPILE = f"""\
### Time to prune

Processor seconds on one thread, the fastest of three runs, everything in one process. *onnxprune*: normalise, analyse,
score, allocate and shrink a loaded graph to half of its multiply-accumulates. *Torch-Pruning* ({TORCH_PRUNING}):
build the pruner and prune, `GroupMagnitudeImportance(p=2)`, ratio 0.5, with the hints of its own examples. *onnxsim*
({ONNXSIM}): `apply_structured_pruning` and its C++ port at 0.5, which reach only a part of the channels. No time
includes reading files, for which onnxprune takes the seconds in the second column."""

_SPEED = f"""\
### Speed of the result

Torch-Pruning ({TORCH_PRUNING}) uniformly and globally at widths of multiples of 4, 8 and 16, its ratio bisected
so that as much as possible but no more than half of the multiply-accumulates are left, exported at opset 18 by the
exporter that made the dense file. Everything runs interleaved in one process on one thread, with the same inputs; times
are medians, speed-ups have 95 % bootstrap intervals. The best of its ways (most speed-up for the work left) is then
measured again beside ours, once at the usual target and once at a target of its very work."""

_REACH = f"""\
### How far each tool gets without a hint

Half of the units of every layer, asked of each tool in its own way: onnxprune with `channels{{ratio=0.5}}` and
`heads{{ratio=0.5}}`, and with `hidden{{ratio=0.5}}` besides, {TORCH_PRUNING} with uniform magnitude
pruning of the module (the last layer left out) and an export, {ONNXSIM} with `simplify` and
`apply_structured_pruning`, {QONNX} with `cleanup` and `PruneChannels` on the second half of every convolution's
channels. *MACs left*: counted on the resulting file by one and the same analysis;
*nothing*: the tool says it is done, and all of the work is still there; *broken*: the file doesn't run, or returns
other shapes; *no end*: stopped after two minutes. *s*: processor seconds, for onnxprune with loading and the whole
proof, for Torch-Pruning without the export. *speed-up*: by processor time, interleaved, against the dense file. Only
onnxprune proves its result; that the others' runs doesn't mean that it is right."""

_TOOLS = ("ours", "torch-pruning", "apply_structured_pruning", "apply_structured_pruning_cpp")


def rendered(compiled: Mapping[str, Row], speed: Mapping[str, Row], reach: Mapping[str, Row]) -> str:
    """The comparisons, as far as there are results."""
    parts = []
    if compiled:
        parts.append(f"{_COMPILE}\n\n{_compile(compiled)}")
    if speed:
        parts.append(f"{_SPEED}\n\n{_speed(speed)}")
    if reach:
        parts.append(f"{_REACH}\n\n{_reach(reach)}")
    return "\n\n".join(parts)


def _compile(rows: Mapping[str, Row]) -> str:
    head = ("model", "onnxprune load", "onnxprune", "Torch-Pruning", "ours / theirs", "onnxsim", "onnxsim C++")
    lines = [_compile_row(name, row) for name, row in rows.items() if "failed" not in row]
    return table(head, lines) + _failures(rows)


def _compile_row(name: str, row: Row) -> tuple[str, ...]:
    totals = [row[tool].get("total") for tool in _TOOLS]
    share = totals[0] / totals[1] if totals[1] else None
    cells = [row["ours"]["load"], totals[0], totals[1], share, *totals[2:]]
    return (name, *map(number, cells))


def _speed(rows: Mapping[str, Row]) -> str:
    head = ("model", "pruned by", "MACs left", "ms", "speed-up", "by CPU time")
    lines: list[tuple[str, ...]] = []
    failures: dict[str, Row] = {}
    for name, row in rows.items():
        if "failed" in row and not isinstance(row["failed"], dict):
            failures[name] = row
            continue
        failures |= {f"{name}, {way}": {"failed": reason} for way, reason in row["failed"].items()}
        best = row["final"]
        others = {way: found for way, found in row["ways"].items() if way != "ours" and way not in best}
        lines += [_way(name, f"Torch-Pruning, {way}", found) for way, found in others.items()]
        lines += [_way(name, _name(way), found) for way, found in best.items()]
        if not best:
            lines.append(_way(name, "onnxprune", row["ways"]["ours"]))
    return table(head, lines) + _failures(failures)


def _reach(rows: Mapping[str, Row]) -> str:
    head = ("model", "tool", "MACs left", "s", "speed-up", "why not")
    lines = [
        _attempt(model, tool, found)
        for model, row in rows.items()
        if "failed" not in row
        for tool, found in row.items()
    ]
    return table(head, lines) + _failures(rows)


def _attempt(model: str, tool: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    outcome = found["outcome"]
    left = number(found["macs"], 3) if outcome == "pruned" else outcome
    reason = str(found.get("reason", "")).replace("|", "/")
    speed = number(found["ratio"][0] if "ratio" in found else None)
    return model, tool, left, number(found.get("seconds")), speed, reason


def _name(way: str) -> str:
    if way.startswith("ours"):
        return f"**onnxprune{way.removeprefix('ours')}**"
    return f"Torch-Pruning, {way} (its best)"


def _way(model: str, by: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = found["ms"]
    return (
        model,
        by,
        number(found["macs"], 3),
        f"{before:.2f} → {after:.2f}",
        interval(found["ratio"]),
        number(found["cpu_ratio"][0]),
    )


def _failures(rows: Mapping[str, Row]) -> str:
    lines = [f"- {name}: {row['failed']}" for name, row in rows.items() if row.get("failed")]
    return "\n\n" + "\n".join(lines) if lines else ""
