"""The tables that `analyze` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from onnxprune.cli.screen import facts, screen, show_all, table
from onnxprune.pruning.obstacles import Lock
from onnxprune.report import Survey, ZeroSurvey
from onnxprune.report.units import percent, quantity, size, some

WIDE = 110


def show(summary: Survey, locked: bool) -> None:
    """The model as a whole, what each pass could take, and its groups: those that can go or those that can't."""
    kinds = [_kinds(summary)] if summary.kinds else []
    show_all(_summary(summary), *kinds, *(_locked(summary) if locked else [_groups(summary)]))


def show_zeros(found: ZeroSurvey) -> None:
    """The weights of linear layers: their zeros, and how many of these lie in whole blocks, pattern by pattern."""
    total = f"{percent(found.zeros / max(found.size, 1))} of {quantity(found.size)} elements in linear layers"
    about = facts([("model", found.path), ("zeros", total), *_gained(found)])
    if not found.weights:
        show_all(about, "there is no linear layer with a stored weight")
        return
    patterns = list(found.weights[0].covered)[:-1]
    head = ("weight", "outputs x inputs", "zeros", "follow", "gain", *(f"in {name}" for name in patterns))
    rows = [
        (
            weight.name,
            f"{weight.outputs} x {weight.inputs}",
            percent(weight.sparsity),
            weight.follows or "none",
            "-" if weight.predicted is None else f"{weight.predicted.gain:.2f}",
            *(percent(weight.covered[name]) for name in patterns),
        )
        for weight in found.weights
    ]
    show_all(about, table(head, rows, "nrrlr" + "r" * len(patterns)))


def _gained(found: ZeroSurvey) -> list[tuple[str, str]]:
    """Where predicted gains come from."""
    timed = [weight.predicted.timed for weight in found.weights if weight.predicted is not None]
    if not timed:
        return []
    guess = "guessed from constants, for none such were timed here" if not any(timed) else ""
    kept = "by times that are kept on this machine" + ("" if all(timed) else f", {timed.count(False)} guessed")
    return [("gain", f"as fast as dense, with sparse kernels: {guess or kept}")]


def _summary(summary: Survey) -> RenderableType:
    unknown = ", ".join(f"{op} ({some(count, 'node')})" for op, count in summary.unknown_ops.items())
    return facts(
        [
            ("model", f"{summary.path}, {size(summary.bytes)}"),
            ("nodes", f"{summary.nodes}, {f'no rule for {unknown}' if unknown else 'all with a rule'}"),
            ("parameters", quantity(summary.params)),
            ("MACs", quantity(summary.macs)),
            ("groups", f"{len(summary.groups)} can go, {sum(len(lock.groups) for lock in summary.locked)} are locked"),
        ]
    )


def _kinds(summary: Survey) -> RenderableType:
    rows = [(k.name, k.runs, str(k.groups), str(k.units), percent(k.share)) for k in summary.kinds]
    return table(("pass", "runs", "groups", "units", "of MACs"), rows, "llrrr")


def _groups(summary: Survey) -> RenderableType:
    if not summary.groups:
        return "nothing can go; --locked tells why"
    return _group_table(summary)


def _group_table(summary: Survey) -> RenderableType:
    """Every group that can go; on a wide screen with a node, for names like `val_41` say little."""
    head, align = ["group", "units", "pass", "exact", "of MACs", "axes"], "nrllrr"
    rows = [
        [g.id, str(g.units), g.kind or "none", "yes" if g.exact else "no", percent(g.share), str(g.members)]
        for g in summary.groups
    ]
    if screen().width >= WIDE:
        rows = [[*row, group.node] for row, group in zip(rows, summary.groups, strict=True)]
        head, align = [*head, "read by"], align + "n"
    return table(head, rows, align)


def _locked(summary: Survey) -> list[RenderableType]:
    """What the model's nature locks, apart from what limits of onnxprune or of the file lock."""
    parts: list[RenderableType] = []
    nature, limits = "the model's nature", "limits of onnxprune or of the file"
    for natural, share, what in ((True, summary.nature, nature), (False, summary.limits, limits)):
        found = [lock for lock in summary.locked if lock.natural is natural]
        if found:
            parts += [f"locked by {what}: {percent(share)} of the MACs go through it", lock_table(found)]
    return parts or ["nothing is locked"]


def lock_table(found: Sequence[Lock]) -> RenderableType:
    """A sentence for every lock, with what goes through it."""
    rows = [(percent(lock.share), percent(lock.params), lock.sentence) for lock in found]
    return table(("of MACs", "of parameters", "why"), rows, "rrt")
