"""Repairs from one look at the dense model: as though every layer before had been repaired in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from onnxprune.calibration import Layer, Part
from onnxprune.graph import Parts
from onnxprune.repair.edits import Edits
from onnxprune.repair.observed import Observed, made_at, narrowed, rows_of, sampled
from onnxprune.repair.registry import repair
from onnxprune.repair.solve import lacking, refit
from onnxprune.repair.work import Work

LAYERS = 8
"""Watched in one run over the data: their activations are held at the same time."""


@repair("none")
def none(work: Work) -> Edits:
    """Nothing is repaired."""
    return Edits()


@repair("bias")
def bias(work: Work) -> Edits:
    """The mean of what the lost units did goes into the bias (An et al. 2024, FLAP; Berisha et al. 2025, VBP)."""
    return _each(work, lambda seen: (None, lacking(seen)))


@repair("lstsq")
def lstsq(work: Work) -> Edits:
    """Least squares refit of every damaged layer on what stays, with its bias (He et al. 2017, "Channel Pruning")."""
    return _each(work, lambda seen: refit(seen, work.damping))


def _each(work: Work, mend: Callable[[Observed], tuple[np.ndarray | None, np.ndarray]]) -> Edits:
    """Every damaged layer on its own. mend: the new weight, if any, and what the bias gains."""
    edits, narrow = Edits(), work.narrow()
    for name, seen in _observed(work, {n: narrow.layers[n] for n in work.dense.damaged}):
        work.note(edits, narrow, name, *mend(seen))
    return edits


def _observed(work: Work, layers: dict[str, Layer]) -> Iterator[tuple[str, Observed]]:
    """Moments of narrow layers that read what the dense model hands them, less what is gone."""
    parts, names = Parts(work.source()), list(layers)
    for start in range(0, len(names), LAYERS):
        found = {name: Observed(layers[name]) for name in names[start : start + LAYERS]}
        _watch(work, parts, found)
        yield from found.items()


def _watch(work: Work, parts: Parts, found: dict[str, Observed]) -> None:
    dense = {name: work.dense.layers[name] for name in found}
    run = Part(parts.part([*dense, *(layer.data.name for layer in dense.values())]), work.threads, len(work.data))
    for call, values in enumerate(run.each(work.data)):
        for name, seen in found.items():
            binding, keep = dense[name].binding, work.dense.keep
            made = narrowed(values[name], binding.outputs[0], keep)
            data = narrowed(values[dense[name].data.name], binding.inputs[dense[name].place], keep)
            at = sampled(seen.layer, made.shape, rows_of(seen.layer, len(work.data)), call)
            seen.update(made_at(seen.layer, made, at), made.shape, data, at)
