"""Mask training: which units a model can do without is learned through gates on them. Needs the extra `torch`.

Importing this package imports no torch: that waits until something is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from onnxprune.export.lazy import need
from onnxprune.recovery.masks.method import METHODS, Method, method_of
from onnxprune.recovery.masks.setting import MaskSetting
from onnxprune.recovery.masks.units import Units

if TYPE_CHECKING:
    from onnxprune.calibration import Data
    from onnxprune.graph import Model
    from onnxprune.recovery.masks.cost import CostOf
    from onnxprune.recovery.masks.masked import Fed
    from onnxprune.recovery.masks.train import Learned
    from onnxprune.recovery.masks.trainer import Widths


def check_masks(setting: MaskSetting) -> None:
    """Raise InputError where torch isn't installed, or a method is unknown."""
    method_of(setting.method)
    need("torch", "torch", "training masks")


def train_masks(
    dense: Model,
    gated: tuple[Model, Fed],
    groups: Sequence[Units],
    aim: tuple[CostOf, float],
    data: tuple[Data, Data],
    setting: MaskSetting,
    widths: Widths,
    tell: Callable[[str], None],
) -> Learned:
    """Train gates of groups; see `onnxprune.recovery.masks.train`.

    aim: a cost, and the fraction of it that may stay; widths: settles how wide groups are, by what was learned.

    Raises InputError where torch isn't installed, and where the model and the data don't suit each other.
    """
    need("torch", "torch", "training masks")
    from onnxprune.recovery.masks.train import Gated, train

    return train(dense, Gated(*gated), groups, aim, data, setting, widths, tell)


def loss_under(
    dense: Model, gated: tuple[Model, Fed], groups: Sequence[Units], data: Data, setting: MaskSetting
) -> float:
    """How far a gated model is from a dense one on data, under what groups keep; see `onnxprune.recovery.objective`."""
    need("torch", "torch", "training masks")
    from onnxprune.recovery.masks.train import Gated
    from onnxprune.recovery.masks.train import loss_under as judged

    return judged(dense, Gated(*gated), groups, data, setting)


__all__ = ["METHODS", "MaskSetting", "Method", "Units", "check_masks", "loss_under", "method_of", "train_masks"]
