"""Gradients of a model on data, through torch: which run tells what, and what is kept of it between commands."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from onnxprune.calibration import Data, Gradients, Samples, blocks, shelved_arrays
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model
from onnxprune.lift import needed
from onnxprune.progress import Progress, silent
from onnxprune.rewrite import gated

Array = np.ndarray
Told = dict[tuple[str, str], Array]

SAMPLES = 128
"""Of the data, evenly spaced: each takes a run forwards and one back."""

ROOMS = ("calibration", "coupling", "graph", "lift", "rewrite")

BY_GRADIENTS = "making weights sparse by gradients"

LOSSES = {
    "weights": "surprise",
    "gates": "surprise",
    "fisher": "drawn",
    "gates_fisher": "drawn",
    "gates_relevance": "explained",
    "curvature": "own",
}
"""What is differentiated where there are no labels, by run."""


def gradients(
    source: Callable[[], Model],
    data: Callable[[], Data],
    groups: Sequence[str],
    made_of: Sequence[str] = (),
    seed: int = 0,
    tell: Progress = silent,
) -> Gradients:
    """What data say of the gradients of a model; nothing is run before something is asked for.

    source: makes a fresh, normalised model; groups: those that have gates, by id; made_of: what tells the model from
    others, for what is kept; nothing is kept where that isn't told. Raises InputError where torch isn't installed.
    """
    needed("a criterion by gradients")

    def collect(run: str) -> Told:
        samples = Samples(data(), SAMPLES)
        if not made_of:
            return _run(run, source, samples, groups, seed, tell)
        of_gates = json.dumps(list(groups)) if run.startswith("gates") else ""
        key = [*made_of, repr(samples.told()), run, str(seed), of_gates]
        made = shelved_arrays(key, lambda: _flat(_run(run, source, samples, groups, seed, tell)), ROOMS)
        return {(kind, rest): v for name, v in made.items() for kind, _, rest in [name.partition("/")]}

    return Gradients(collect)


def by_sample(
    source: Callable[[], Model], data: Callable[[], Data], seed: int = 0, tell: Progress = silent
) -> Callable[[Sequence[str]], Iterator[Mapping[str, Array]]]:
    """What tells the gradients by some stored tensors sample by sample, of labels drawn from what the model says, or of
    the task's loss where the data have labels. Raises InputError where torch isn't installed."""
    needed(BY_GRADIENTS)

    def each(names: Sequence[str]) -> Iterator[Mapping[str, Array]]:
        from onnxprune.lift import gradients as lifted
        from onnxprune.lift.lifting import lift

        module, samples = lift(source()), Samples(data(), SAMPLES)
        yield from lifted.by_sample(module, samples, lifted.loss_of(module, samples, "drawn", seed), names, tell)

    return each


def _flat(told: Told) -> dict[str, Array]:
    return {f"{kind}/{name}": values for (kind, name), values in told.items()}


def _run(
    run: str,
    source: Callable[[], Model],
    samples: Samples,
    groups: Sequence[str],
    seed: int,
    tell: Progress,
) -> Told:
    """Everything that a run tells, under (what, name)."""
    if run.startswith("gates"):
        return _of_gates(run, source, samples, groups, seed, tell)
    from onnxprune.lift import gradients as lifted
    from onnxprune.lift.lifting import lift

    model = source()
    if run == "regional":
        inside = inside_blocks(analyze(model.graph, model.opsets))
        found = lifted.regional(lift(model), samples, inside, tell)
        return {(run, name): values for name, values in found.items()}
    module = lift(model)
    loss = lifted.loss_of(module, samples, LOSSES[run], seed)
    if run == "curvature":
        found = lifted.curvature(module, samples, loss, seed, tell)
        return {(run, name): values for name, values in found.items()}
    names = ("mean", "square") if run == "weights" else ("", "fisher")
    return lifted.by_weights(module, samples, loss, names, tell)


def _of_gates(
    run: str,
    source: Callable[[], Model],
    samples: Samples,
    groups: Sequence[str],
    seed: int,
    tell: Progress,
) -> Told:
    """Gradients by gates [samples, units], by group."""
    from onnxprune.lift import gradients as lifted
    from onnxprune.lift.lifting import lift
    from onnxprune.lift.relevance import Relevance
    from onnxprune.rewrite.tangent import tangent

    found = gated(source, groups)
    moves, whole = tangent(found), found.feeds({})
    module = lift(found.model)
    loss = lifted.loss_of(module, samples, LOSSES[run], seed, whole)
    with Relevance() if run == "gates_relevance" else contextlib.nullcontext():
        rows = [moves.pull(row) for row in lifted.by_inputs(module, samples, loss, whole, tell)]
    return {(run, group): np.array([row[group] for row in rows]) for group in found.sizes}


def inside_blocks(analysis: Analysis) -> Mapping[str, list[str]]:
    """What a block gives out -> the stored tensors in it: those of the groups that lie in that block and no other."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    around = blocks(analysis)
    for group in analysis.groups:
        own = around.get(group.id, [])
        for site in group.members if len(own) == 1 else ():
            if site.tensor.name not in seen:
                seen.add(site.tensor.name)
                found.setdefault(own[0].made.name, []).append(site.tensor.name)
    return found
