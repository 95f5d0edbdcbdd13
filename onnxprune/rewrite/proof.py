"""Proving a pruned file against its source, from scratch: the source is loaded, analysed and masked anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.errors import InputError
from onnxprune.graph import Model, finish, index_bounds, normalize, save
from onnxprune.rewrite.mask import mask_consumers
from onnxprune.runtime.verify import TOLERANCE, Proof, verify

Masks = Mapping[str, np.ndarray]
"""Group id -> bool array of the units that stay."""


def keep_of(analysis: Analysis, masks: Masks) -> Keep:
    """The keep-masks of a decision that names groups by id."""
    by_id = {g.id: g.atom for g in analysis.groups}
    return Keep({by_id[name]: mask for name, mask in masks.items()})


def prove(
    source: Callable[[], Model],
    masks: Masks,
    pruned: Path | bytes,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    max_seconds: float = 60.0,
    dims: Mapping[str, int] | None = None,
) -> Proof:
    """Hold a pruned model against the source masked by the same decision.

    source: makes a fresh, not yet normalised Model; dims: sizes of open dimensions, by symbol. A model that can't be run on random inputs is "skipped", with
    the reason.
    """
    model = normalize(source())
    analysis = analyze(model.graph, model.opsets)
    bounds = index_bounds(model.graph)
    mask_consumers(analysis, keep_of(analysis, masks))
    with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
        path = Path(folder) / "masked.onnx"
        save(finish(model), path)
        try:
            return verify(
                path, pruned, bounds=bounds, dims=dims, seed=seed, tolerance=tolerance, max_seconds=max_seconds
            )
        except InputError as reason:
            return Proof("skipped", reason=f"the source can't be run on random inputs: {reason}")
