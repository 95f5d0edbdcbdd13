"""The oracle: the dense model with every pruned unit masked where it is consumed equals the pruned model.

Both run in ONNX Runtime without graph optimisations, on random inputs under several conditions. Two evaluations of one
function differ by rounding; how much is measured where it matters, by flipping the last bit of every weight and input
of the masked model, and a difference below a small multiple of that is no evidence against equality. Tensors on which
rounding drowns everything prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.progress import Progress, silent
from onnxprune.runtime.exposed import Clock
from onnxprune.runtime.opening import Source
from onnxprune.runtime.trial import Trial
from onnxprune.runtime.verdict import TOLERANCE, Finding, Plan

DISTURBANCES = 4
"""How often rounding is imitated before a difference counts: what one flipped bit leaves alone another one may move."""


@dataclass(frozen=True)
class Proof:
    """What the oracle found.

    status:  "proved", "failed", "undecided" (rounding drowned a tensor on every draw) or "skipped"
    error:   the largest relative error max|a-b| / max|a| over tensors and draws that were not drowned
    noise:   the same between two evaluations of the reference that differ by rounding, where it had to be measured
    draws:   random inputs tried; tensors: how many were found equal; reason: in words
    """

    status: str
    error: float = 0.0
    noise: float = 0.0
    draws: int = 0
    reason: str = ""
    tensors: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "proved"


def verify(
    masked: Source,
    pruned: Path | bytes,
    *,
    plan: Plan | None = None,
    bounds: Mapping[str, int] | None = None,
    dims: Mapping[str, int] | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    max_seconds: float = 60.0,
    progress: Progress = silent,
) -> Proof:
    """Compare the masked dense model with the pruned one.

    plan:        what to compare beside the outputs, and how to feed the models
    bounds:      exclusive upper bounds of integer inputs that index a table, by input name; where there is no plan
    dims:        sizes of open dimensions, by symbol
    tolerance:   relative error allowed to computation in float32
    max_seconds: for all runs together; draws for which no time is left are not tried

    Raises InputError where the masked model itself can't be run on random inputs.
    """
    plan = plan or Plan(bounds=bounds or {})
    trial = Trial(masked, plan, tolerance, Clock(max_seconds), progress)
    late = Proof("skipped", reason=f"running both models once takes more than the {max_seconds:g} s allowed")
    try:
        trial.reference(seed, dims)
    except InputError:
        if trial.clock.left:
            raise
        return late
    try:
        trial.candidate(pruned)
    except InputError as reason:
        wrong = Proof("failed", math.inf, draws=trial.draws, reason=f"the pruned model doesn't run: {reason}")
        return wrong if trial.clock.left else late
    for number in range(DISTURBANCES):
        if any(f.verdict == "differs" for f in trial.findings):
            trial.measure_noise(number)
    proof = conclude(trial.findings, trial.draws, [p.name for p in plan.points])
    unseen = next((what for node, what in plan.witnesses.items() if node not in trial.executed), None)
    if proof.ok and unseen is not None:
        return replace(proof, status="undecided", reason=f"no input that was tried reaches {unseen}")
    return proof


def conclude(findings: Sequence[Finding], draws: int, order: Sequence[str] = ()) -> Proof:
    """The verdict on all findings: one that differs refutes, and every required tensor must have been told once.

    order: names in graph order; the first tensor that differs is named.
    """
    judged = [f for f in findings if f.verdict != "drowned"]
    error = max((f.error for f in judged if f.allowed < math.inf), default=0.0)
    noise = max((f.noise for f in findings), default=0.0)
    same = {f.point.name for f in judged if f.verdict == "same"}
    place = {name: k for k, name in enumerate(order)}
    wrong = sorted((f for f in judged if f.verdict == "differs"), key=lambda f: place.get(f.point.name, len(place)))
    if wrong:
        return Proof("failed", error, noise, draws, _difference(wrong[0]), len(same))
    untold = [f for f in findings if f.point.required and f.point.name not in same]
    if untold or not same:
        return Proof("undecided", error, noise, draws, _drowned(untold), len(same))
    return Proof("proved", error, noise, draws, tensors=len(same))


def _difference(found: Finding) -> str:
    allowed = f"{found.allowed:.0e} is allowed"
    noise = f" and rounding makes {found.noise:.0e}" if found.noise else ""
    return f"relative error {found.error:.1e} at '{found.point.name}' where {allowed}{noise}"


def _drowned(untold: Sequence[Finding]) -> str:
    if not untold:
        return "there is no tensor to compare"
    worst = max(untold, key=lambda f: f.noise)
    if worst.vacuous:
        return f"'{worst.point.name}' holds no finite number"
    return f"rounding alone changes '{worst.point.name}' by {worst.noise:.1e} of its size"
