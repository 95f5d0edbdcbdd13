"""The tables of docs/benchmarks.md that have a row for every reference model."""

from __future__ import annotations

from collections.abc import Mapping

from tools.results import Row
from tools.table import interval, number, table

Models = Mapping[str, Mapping[str, Row]]

_RESULT = ("model", "nodes", "MACs left", "parameters left", "MB", "proof", "error", "ms", "speed-up", "by CPU time")
_COST = ("model", "load", "analyse", "choose", "shrink", "prove", "peak MB", "model MB", "peak / model")

_NOTES = """\
*MACs left, parameters left*: of the dense model's. *proof*: the dense model with every pruned unit masked out where it
is consumed, against the pruned model, in ONNX Runtime on random inputs; *error* is the largest relative difference.
*speed-up*: median latency of the dense model over that of the pruned one, runs interleaved in one process, with the
95 % bootstrap interval; *by CPU time* the same of processor time, which other work on the machine lengthens less.
*MB*: of the file, before and after."""

_COST_NOTES = """\
Processor seconds of one run: *load* includes one run of models with open dimensions to learn their shapes, *analyse*
the normalisation, *choose* scores and allocation, *shrink* saving a first copy, *prove* both models' sessions. *peak*:
resident memory of `optimize` with its proof, all processes together, less what interpreter and libraries hold before it
begins."""


def rendered(models: Models) -> str:
    """Results of all models, then what it took to get them, then what failed."""
    good = {s: {n: r for n, r in rows.items() if "failed" not in r} for s, rows in models.items()}
    parts = [_section(title, good.get(section, {})) for section, title in _TITLES.items() if good.get(section)]
    parts.append(_NOTES + _footnotes(models))
    costs = [_cost(*item) for rows in good.values() for item in rows.items()]
    parts.append(f"### Time and memory of `optimize`\n\n{table(_COST, costs)}\n\n{_COST_NOTES}")
    return "\n\n".join(parts)


def _section(title: str, rows: Mapping[str, Row]) -> str:
    return f"### {title}\n\n{table(_RESULT, [_result(*item) for item in rows.items()])}"


_TITLES = {"zoo": "Architectures with random weights", "trained": "Trained models"}


def _result(name: str, row: Row) -> tuple[str, ...]:
    before, after = row.get("bytes", (0, 0))
    return (
        name + ("" if row["met"] else " (1)") + (" (2)" if row["unknown"] else ""),
        str(row["nodes"]),
        number(row["macs"][1] / row["macs"][0], 3),
        number(row["params"][1] / row["params"][0], 3),
        f"{before / 1e6:.1f} → {after / 1e6:.1f}",
        row["proof"]["status"],
        f"{row['proof']['error']:.0e}",
        " → ".join(number(ms) for ms in row["ms"]) if "ms" in row else "-",
        interval(row.get("ratio")),
        number(row["cpu_ratio"][0]) if "cpu_ratio" in row else "-",
    )


def _cost(name: str, row: Row) -> tuple[str, ...]:
    seconds = [number(row["seconds"].get(stage)) for stage in ("load", "analyse", "choose", "shrink", "prove")]
    memory = row["memory"]
    if "failed" in memory:
        return (name, *seconds, "-", "-", "-")
    extra, size = memory["peak"] - memory["imports"], memory["size"]
    return (name, *seconds, number(extra / 1e6, 0), number(size / 1e6, 1), number(extra / size, 1))


def _footnotes(models: Models) -> str:
    """A list of what is not as it should be; empty where there is nothing."""
    lines = [line for rows in models.values() for name, row in rows.items() for line in _remarks(name, row)]
    return "\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _remarks(name: str, row: Row) -> list[str]:
    if "failed" in row:
        return [f"{name} failed: {row['failed']}"]
    found = []
    if not row["met"]:
        locked = "; ".join(row["locked"]) or "nothing"
        found.append(f"(1) {name}: the target was not met; locked, for instance: {locked}")
    if row["unknown"]:
        nodes = ", ".join(f"{count} {op}" for op, count in row["unknown"].items())
        found.append(f"(2) {name}: nodes without a rule, whose channels stay: {nodes}")
    if row["proof"]["status"] != "proved":
        found.append(f"{name}: the proof was {row['proof']['status']}: {row['proof']['reason']}")
    if "untimed" in row:
        found.append(f"{name}: not timed: {row['untimed']}")
    return found
