"""The report's findings as sentences, the same on the screen and in report.md."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from onnxprune.calibration import NOTHING
from onnxprune.pruning.loss import SPARSITY, mild_first, place_of
from onnxprune.report.closeness import Closeness
from onnxprune.report.record import (
    Aim,
    Attempt,
    Given,
    Loss,
    MaskRecord,
    ProofRecord,
    Recovered,
    Report,
    StageRecord,
    Zeros,
)
from onnxprune.report.units import error, fraction, percent, quantity, seconds, some, times
from onnxprune.runtime.environment import Environment

_QUANTITIES = {"macs": "MACs", "params": "parameters", "size": "bytes", "latency": "time"}
_CHECKED = "the masked dense model equals the pruned one"


def aim(target: Aim) -> str:
    """Whether the target was met: `macs=0.5 met: 49.8 % of the MACs are left`."""
    verdict = "met" if target.met else "not met"
    what = _QUANTITIES.get(target.quantity, target.quantity)
    left = "is" if target.quantity == "latency" else "are"
    return f"{target.quantity}={target.fraction:g} {verdict}: {percent(target.left)} of the {what} {left} left"


def goals_missed(report: Report) -> list[str]:
    """What of the target and the limit of the loss was not met."""
    goals = [f"target {aim(report.target)}"] if report.target and not report.target.met else []
    goals += [f"loss {loss(report.loss)}"] if report.loss and not report.loss.met else []
    return goals + [f"stage {k} ({one.kind}) {goal}" for k, one in enumerate(report.stages, 1) for goal in _goals(one)]


def _goals(stage: StageRecord) -> list[str]:
    """What a stage missed of its own target and limit."""
    goals = [f"target {aim(stage.target)}"] if stage.target and not stage.target.met else []
    return goals + ([f"loss {loss(stage.loss)}"] if stage.loss and not stage.loss.met else [])


def missed(report: Report) -> str:
    """The same as one sentence."""
    return " and ".join(goals_missed(report)) or "target not met"


def verdict(report: Report) -> str:
    """The run in one line: what is left, how fast that is, whether it is proved, whether it still answers alike."""
    before, after = report.before, report.after
    parts = [
        f"{fraction(after.macs, before.macs)} of the MACs and {fraction(after.bytes, before.bytes)} of the bytes left"
    ]
    if report.latency and report.latency.speedup.value is not None:
        parts.append(f"{times(report.latency.speedup.value)} as fast")
    parts.append({"proved": "proved", "undecided": "proof undecided"}.get(report.proof.status, "not proved"))
    told = ", ".join([*parts, *_likeness(report)])
    goals = goals_missed(report)
    return f"{told}; {' and '.join(goals)}" if goals else f"{told}."


def _likeness(report: Report) -> list[str]:
    """How alike the answers are, which made-up inputs say nothing of: all may get the same one."""
    if report.fidelity is None:
        return []
    if report.data is None or report.data.synthetic:
        return ["not tried on real data"]
    worst = report.fidelity.worst
    return [f"cosine {worst.cosine:.4f}" if worst.agreement is None else f"{percent(worst.agreement)} agreement"]


def surroundings(used: Environment) -> list[tuple[str, str]]:
    """What a run was made with, label by label."""
    return [
        ("onnxprune", used.onnxprune),
        ("ONNX Runtime", f"{used.onnxruntime} ({used.provider}, {some(used.threads, 'thread')})"),
        ("with", f"onnx {used.onnx}, NumPy {used.numpy}, Python {used.python}"),
        ("machine", f"{used.cpu}, {used.system}"),
    ]


RANDOM = "random inputs decided; how good the result is on real ones is not known without --data"
ALONE = "weights alone decided, nothing is repaired; most models keep more with --data, even --data random"


def blind(report: Report) -> list[tuple[str, str]]:
    """Where no real data had a say: that, and what to do about it."""
    if report.stages:
        return _blind_stages(report.stages)
    if report.made_up:
        return [("no data", RANDOM)]
    if report.data is not None or report.repairs or report.masks or report.recovery:
        return []
    return [("no data", ALONE)]


def _blind_stages(stages: Sequence[StageRecord]) -> list[tuple[str, str]]:
    """Of those that choose what goes: whether all looked at real inputs, or at random ones that were asked for."""
    choosing = [one for one in stages if one.proof and "plan" not in one.settings]
    blind = [one for one in choosing if one.settings.get("data", NOTHING) == NOTHING]
    alone = [one for one in blind if not (one.repairs or one.masks or one.recovery)]
    return [("no data", ALONE if alone else RANDOM)] if blind else []


def searched(report: Report) -> list[tuple[str, str]]:
    """Where there is a limit: the loss, and what was tried."""
    found = report.loss
    if found is None:
        return []
    tried = [_attempt(found.quantity, trial) for trial in mild_first(found.quantity, found.trials)]
    zeros = found.quantity == SPARSITY and found.aim is not None and report.sparse
    aim = [("found", f"{SPARSITY}={found.aim:g}")] if zeros else []
    return [("loss", loss(found)), *aim, ("tried", ", ".join(tried))]


def loss(record: Loss) -> str:
    """Whether the loss is within its limit: `0.4 % (mine:accuracy 0.912, was 0.915), limit 1 %`."""
    verdict = "within" if record.met else "over"
    by = ""
    if record.before is not None and record.after is not None:
        by = f" ({record.metric} {record.after:.4g}, was {record.before:.4g})"
    return f"{_lost(record.loss)}{by}, {verdict} the limit of {percent(record.limit)}"


def _attempt(quantity: str, trial: Attempt) -> str:
    name, value = place_of(quantity, trial)
    return f"{name}={value:.3g}: {_lost(trial.loss)}"


def _lost(value: float | None) -> str:
    return percent(value) if value is not None and math.isfinite(value) else "no number"


def proof(record: ProofRecord) -> str:
    """The oracle's verdict."""
    if record.status == "proved":
        draws = some(record.draws, "draw")
        return f"proved: {_CHECKED}, relative error {error(record.error)} ({draws})"
    reason = f": {record.reason}" if record.reason else ""
    return f"{record.status}{reason}"


def proofs(report: Report) -> str:
    """The oracle's verdict, and which stages it is about, where there are some."""
    about = [str(number) for number, stage in enumerate(report.stages, 1) if stage.proof is not None]
    if not about:
        return proof(report.proof)
    return f"{proof(report.proof)}; of {'stages' if len(about) > 1 else 'stage'} {', '.join(about)}"


def sparse(report: Report) -> list[tuple[str, str]]:
    """What was made sparse, a line for every pattern: `12 weights, 50 % of 3.5 M zeros (alps)`."""
    return [
        (
            f"sparse {z.pattern}",
            f"{some(z.weights, 'weight')}, {percent(z.zeros / max(z.size, 1))} of {quantity(z.size)} elements zero "
            f"({', '.join(z.methods)}; written as {report.sparse_format}"
            f"{'' if z.values == 'float32' else ', ' + z.values}){around(z)}",
        )
        for z in report.sparse
    ] + _left_dense(report)


def around(record: Zeros) -> str:
    """What block-diagonal matrices there are: `; 3 of them between matrices of 12 k elements more`."""
    if not record.wrapped:
        return ""
    return f"; {record.wrapped} of them between block-diagonal matrices of {quantity(record.added)} elements more"


def _left_dense(report: Report) -> list[tuple[str, str]]:
    """Layers that stayed dense, a line for every reason; those that zeros make too little faster share one."""
    left = [layer for layer in report.sparse_layers if layer.why_dense]
    slow = [layer for layer in left if "times as fast" in layer.why_dense]
    none = Counter(layer.why_dense for layer in left if layer not in slow)
    best = max((layer.gain or 0.0 for layer in slow), default=0.0)
    lines = [f"{some(len(slow), 'weight')}, for at best they would be {best:.2f} times as fast"] if slow else []
    return [("left dense", text) for text in [*lines, *(f"{some(n, 'weight')}: {why}" for why, n in none.items())]]


def fidelity(report: Report) -> str:
    """How far the outputs moved, or why nobody knows."""
    if report.fidelity is None:
        return f"not measured: {report.not_measured}"
    return closeness(report.fidelity, inputs(report.data))


def inputs(data: Given | None) -> str:
    """What fidelity was measured on."""
    if data is None:
        return "random inputs"
    if data.synthetic:
        return f"on {some(data.samples, 'sample')} that {'is' if data.samples == 1 else 'are'} made up"
    return f"on {some(data.samples, 'sample')} of {data.name}"


def closeness(found: Closeness, inputs: str = "random inputs") -> str:
    """The worst measures over all outputs, and on which inputs."""
    worst = found.worst
    parts = [
        f"max error {error(worst.max_abs)} ({_relative(worst.relative)} of the largest value)",
        f"cosine {worst.cosine:.4f}",
    ]
    if worst.agreement is not None:
        parts.append(f"agreement {percent(worst.agreement)}")
    return ", ".join(parts) + f" ({inputs})"


def masked(record: MaskRecord) -> str:
    """How a training of masks went: `loss 0.0506 to 0.0487 after repair (polarised, weights along) in 464 steps`."""
    how = record.method + (", weights along" if record.weights else "")
    gain = f"loss {_short(record.before)} to {_short(record.after)} after repair"
    return f"{gain if record.gained else f'not taken, {gain}'} ({how}) in {some(record.steps, 'step')}"


def recovered(record: Recovered) -> str:
    """How a training went: `0.0495 to 0.0369 (kl) in 464 steps, 120 s`."""
    first, best = record.curve[0], record.curve[record.best]
    how = ", ".join(sorted(set(record.losses.values())))
    length = f"{some(record.steps, 'step')}, {seconds(record.seconds)}"
    early = f"; ended early: {record.reason}" if record.reason else ""
    if not record.gained:
        return f"nothing gained ({how}) in {length}{early}"
    return f"loss {_short(first.loss)} to {_short(best.loss)} ({how}, {record.mode}) in {length}{early}"


def _short(value: float | None) -> str:
    return "no number" if value is None else f"{value:.3g}"


def shapes(found: dict[str, list[int]]) -> str:
    """Shapes of inputs: `x 1x3x224x224`."""
    return ", ".join(f"{name} {'x'.join(map(str, shape)) or 'scalar'}" for name, shape in found.items())


def conditions(used: Environment, rounds: int) -> str:
    """What a measurement was made with."""
    return (
        f"ONNX Runtime {used.onnxruntime} ({used.provider}, {some(used.threads, 'thread')}), "
        f"{some(rounds, 'round')}, {used.cpu}"
    )


def _relative(value: float) -> str:
    return percent(value) if value < 1e9 else "infinitely much"
