"""Proving a pruned file against its source, from scratch: the source is loaded, analysed and masked anew."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.errors import InputError
from onnxprune.graph import Model, finish, from_bytes, index_bounds, load, normalize, skeleton, stored, to_proto
from onnxprune.progress import Progress, silent
from onnxprune.rewrite.mask import mask_consumers
from onnxprune.rewrite.points import compared, hidden
from onnxprune.rewrite.switches import switches
from onnxprune.rewrite.unquantised import roundings, unquantise
from onnxprune.runtime.opening import Fed
from onnxprune.runtime.verdict import TOLERANCE, Plan
from onnxprune.runtime.verify import Proof, verify

Masks = Mapping[str, np.ndarray]
"""Group id -> bool array of the units that stay, or those units in the order that they are to have."""

Weights = dict[str, np.ndarray]

Edit = Callable[[Model], Analysis]
"""Changes weights of a normalised model in place, and analyses it."""

Dense = Callable[[], tuple[Model, Analysis]]
"""Makes the dense model anew, normalised, as the pruned one was cut out of it."""


def keep_of(analysis: Analysis, masks: Masks) -> Keep:
    """The keep-masks of a decision that names groups by id."""
    by_id = {g.id: g.atom for g in analysis.groups}
    return Keep({by_id[name]: mask for name, mask in masks.items()})


def analysed(model: Model) -> Analysis:
    """The analysis of a normalised model as it is."""
    return analyze(model.graph, model.opsets)


def prove(
    source: Callable[[], Model],
    masks: Masks,
    pruned: Path | bytes,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    max_seconds: float = 60.0,
    dims: Mapping[str, int] | None = None,
    edit: Edit = analysed,
    progress: Progress = silent,
) -> Proof:
    """Hold a pruned model against the source masked by the same decision.

    source: makes a fresh, not yet normalised Model (again, where rounding has to be measured); dims: sizes of open
    dimensions, by symbol; edit: what was done to the dense model's weights; tolerance: relative error allowed to
    float32. Where the source can't be masked, or can't be run on random inputs within `max_seconds`, the proof is
    "skipped", with the reason.

    What quantisers round is proved twice, each time within `max_seconds`: without the rounding, as precisely as floats
    are compared, and with it.

    Memory: the larger of what loading the source takes and, once that is freed, what loading the pruned model takes.
    """
    dense = partial(_dense, source, edit)
    judge = partial(_judge, dense, masks, pruned, dims=dims, seed=seed, tolerance=tolerance)
    judge = partial(judge, max_seconds=max_seconds, progress=progress)
    found, names = judge(_Way())
    if not names or found.status not in ("proved", "failed"):
        return found
    exact, _ = judge(_Way(unrounded=names))
    if exact.status == "failed":
        return replace(exact, reason=f"without the rounding of its quantisers, {exact.reason}")
    if not exact.ok:
        return found
    rounded = found if found.ok else judge(_Way(lenient=True))[0]
    return exact if rounded.ok else rounded


@dataclass(frozen=True, slots=True)
class _Way:
    """How both models are evaluated and compared.

    unrounded: tensors that are clipped where they were quantised and back, see `onnxprune.rewrite.unquantised`;
    lenient: rounding may do what it likes, since the network is proved without it
    """

    unrounded: frozenset[str] = frozenset()
    lenient: bool = False


@dataclass(slots=True)
class _Masked:
    """A masked source without its graph: a serialized model, its large weights, what to compare and how to feed it.

    roundings: tensors in it that could be left unrounded
    """

    model: bytes
    weights: Weights
    plan: Plan
    roundings: frozenset[str]


def _dense(source: Callable[[], Model], edit: Edit) -> tuple[Model, Analysis]:
    model = normalize(source())
    return model, edit(model)


def _judge(
    source: Dense, masks: Masks, pruned: Path | bytes, way: _Way, **options: Any
) -> tuple[Proof, frozenset[str]]:
    """The oracle's verdict under one way, and the names of what could be left unrounded."""
    try:
        masked = _masked(source, masks, way)
    except InputError as reason:
        return Proof("skipped", reason=f"there is no masked form of the source: {reason}"), frozenset()
    cell = [masked.weights]
    fed = Fed(masked.model, lambda: cell.pop() if cell else _masked(source, masks, way).weights)
    plan, names = masked.plan, masked.roundings
    del masked
    try:
        return verify(fed, _unrounded(pruned, way.unrounded), plan=plan, **options), names
    except InputError as reason:
        return Proof("skipped", reason=f"the source can't be run on random inputs: {reason}"), names


def _unrounded(pruned: Path | bytes, names: frozenset[str]) -> Path | bytes:
    """A pruned model, or the same with some tensors left unrounded."""
    if not names:
        return pruned
    model = load(pruned) if isinstance(pruned, Path) else from_bytes(pruned)
    unquantise(model.graph, names, model.opset)
    data: bytes = to_proto(model).SerializeToString()
    return data


def _masked(source: Dense, masks: Masks, way: _Way) -> _Masked:
    made = _mask(*source(), masks, way)
    gc.collect()  # nodes and tensors of a graph refer to each other, and would keep the weights from being freed
    return made


def _mask(model: Model, analysis: Analysis, masks: Masks, way: _Way) -> _Masked:
    bounds, choices = index_bounds(model.graph), switches(model.graph)
    keep = keep_of(analysis, masks)
    consumers = mask_consumers(analysis, keep)
    names = roundings(model.graph)
    unquantise(model.graph, way.unrounded, model.opset)
    points = compared(analysis, keep, consumers, rounded=way.lenient)
    plan = Plan(points, bounds, choices, hidden(model.graph, consumers))
    data, weights = _apart(finish(model))
    return _Masked(data, weights, plan, names)


def _apart(model: Model) -> tuple[bytes, Weights]:
    """A serialized model whose large weights are inputs, and those weights.

    Types that numpy lacks (bfloat16, 4-bit integers) can't be fed, so a model that stores such keeps its weights.
    """
    shell = skeleton(model)
    declared = {value.name for value in shell.graph.input} - {tensor.name for tensor in shell.graph.initializer}
    weights = {t.name: np.asarray(t.values) for t in stored(model) if t.name in declared}
    if any(values.dtype.kind == "V" for values in weights.values()):
        return to_proto(model).SerializeToString(), {}
    return shell.SerializeToString(), weights
