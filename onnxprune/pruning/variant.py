"""Writing a model without some units: the last steps of every pruning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.graph import Model, finish, save
from onnxprune.rewrite import keep_of, shrink, spell_residuals

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


def write_variant(source: Callable[[], Model], masks: Mapping[str, np.ndarray], provider: str, path: Path) -> None:
    """Write a model with those units of groups (by id) that stay, to be timed.

    source: makes a fresh, normalised model
    """
    model = source()
    analysis = analyze(model.graph, model.opsets)
    narrow(model, analysis, keep_of(analysis, masks), provider, spell=True)
    save(model, path)
