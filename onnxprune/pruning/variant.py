"""Writing a model without some units, and with some zeros: the last steps of every pruning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.graph import Model, finish, save
from onnxprune.rewrite import Wrapper, keep_of, shrink, sides, spell_residuals, wrap
from onnxprune.sparse import Wanted, emit, ones

Changed = dict[str, dict[int, np.ndarray]]
"""Stored tensor -> axis -> indices that stay."""


def narrow(model: Model, analysis: Analysis, keep: Keep, provider: str, *, spell: bool = False) -> Changed:
    """Shrink a normalised model in place and make it ready to be saved; returns what changed.

    spell: write residual sums as the provider likes them even where nothing changed
    """
    changed = shrink(model, analysis, keep)
    finish(model)
    if (changed or spell) and provider == "cpu":
        spell_residuals(model)
    return changed


def write_variant(
    source: Callable[[], Model],
    masks: Mapping[str, np.ndarray],
    provider: str,
    path: Path,
    zeros: Mapping[str, Wanted] | None = None,
    form: str = "zeros",
) -> None:
    """Write a model with those units of groups (by id) that stay, to be timed.

    source: makes a fresh, normalised model; zeros: by the names of layers, where the largest weights stay; form: in
    which these are written
    """
    model = source()
    analysis = analyze(model.graph, model.opsets)
    found = [(layer, (zeros or {})[layer.name]) for layer in layers(analysis) if layer.name in (zeros or {})]
    narrow(model, analysis, keep_of(analysis, masks), provider, spell=True)
    for layer, want in found:
        weight = layer.weight()
        there = want.pattern.mask(np.square(weight[0].reshape(weight.shape[1], -1)), want.sparsity)
        layer.stored.values = layer.like_stored(np.where(there.reshape(weight.shape), weight, 0))
    patterns = {str(layer.stored.name): want.pattern for layer, want in found}
    blocks = wrap(model, {str(layer.stored.name): _wrapper(layer, want) for layer, want in found}).values()
    names = [name for one in blocks for name in (one.outer, one.inner) if name]
    emit(model, patterns, form, {str(layer.stored.name) for layer, want in found if want.values == "int8"}, names)
    save(model, path)


def _wrapper(layer: Layer, want: Wanted) -> Wrapper:
    """Blocks that change nothing, but take their time."""
    _, outputs, channels, _ = layer.weight().shape
    outer, inner = sides(layer, outputs, channels, want.wrap)
    return Wrapper(ones(outputs, outer), ones(channels, inner))
