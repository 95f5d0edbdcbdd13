"""What a row comes to, in one word and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
HALF = "0.5"

PROVED = "proved"
UNPROVED = "not decided"
REFUTED = "refuted"
CRASHED = "crashed"
REFUSED = "refused"
UNMADE = "not exported"
OUTCOMES = (PROVED, UNPROVED, REFUTED, REFUSED, CRASHED, UNMADE)

INEXACT = "removal would not be exact, so that only `--pass hidden` takes the units"

_OF_STATUS = {"proved": PROVED, "failed": REFUTED, "refused": REFUSED, "crash": CRASHED}


def outcome(row: Row) -> str:
    """The worst of what happened to a graph, one of OUTCOMES."""
    if "unmade" in row:
        return UNMADE
    if "failed" in row or "crash" in row:
        return CRASHED
    if "refused" in row:
        return REFUSED
    return max((_OF_STATUS.get(done["status"], UNPROVED) for done in row["targets"].values()), key=OUTCOMES.index)


def met(row: Row, target: str = HALF) -> bool:
    """Whether the graph was pruned to the target."""
    return bool(row.get("targets", {}).get(target, {}).get("met", False))


def reason(row: Row) -> str:
    """Why a graph isn't pruned to half, or isn't proved; empty where all is well."""
    for key in ("unmade", "failed", "crash", "refused"):
        if key in row:
            return str(row[key])
    for done in row["targets"].values():
        if done["status"] != "proved":
            return str(done["reason"])
    return "" if met(row) else missed(row)


def missed(row: Row) -> str:
    """Why the target was not met: ops without a rule, locks, removals that are not exact, or floors."""
    if row["unknown"]:
        names = ", ".join(f"{count} {op}" for op, count in row["unknown"].items())
        return f"no rule for {names}"
    if inexact(row):
        return f"{INEXACT} ({row['reachable'] - row['prunable']:.0%} of the MACs)"
    if not row["locks"]:
        return "nothing of weight is locked: the groups are at their narrowest"
    return "; ".join(f"{_lock(lock)} ({lock['share']:.0%} of the MACs)" for lock in row["locks"])


def inexact(row: Row) -> bool:
    """Whether more goes through units that only inexact passes take than through any lock."""
    rest = row.get("reachable", row["prunable"]) - row["prunable"]
    return bool(rest > max((lock["share"] for lock in row["locks"]), default=0.0))


def _lock(lock: Row) -> str:
    place = f"{lock['op']} {lock['node']}: " if lock["op"] else ""
    return f"{place}{lock['reason']}{'' if lock['natural'] else ', a limit'}"


def line(row: Row) -> str:
    """A row for the screen."""
    if outcome(row) in (UNMADE, CRASHED, REFUSED):
        return f"{outcome(row)}: {reason(row)}"
    parts = [f"{target}: {_said(done)}" for target, done in row["targets"].items()]
    return ", ".join(parts) + (f"; {reason(row)}" if reason(row) else "")


def _said(done: Mapping[str, Any]) -> str:
    return f"{done['fraction']:.3f} {done['status']}" if "fraction" in done else str(done["status"])
