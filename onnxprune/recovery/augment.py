"""What is done to pictures while training, so that few of them last longer: teacher and student see the same.

flip   mirrored, every second one
shift  moved by up to an eighth in both directions, the edge filled by reflection
mix    two of them in one (Zhang et al. 2018, "mixup"; between a teacher and a student no labels have to be mixed:
       Beyer et al. 2022, "Knowledge distillation: A good teacher is patient and consistent")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from onnxprune.calibration import Data
from onnxprune.errors import InputError

Array = np.ndarray
Change = Callable[[Array, np.random.Generator], Array]
"""Pictures [n, c, y, x] -> as many."""

SHIFT = 8
"""A picture is moved by at most its length over this."""


def _flip(values: Array, random: np.random.Generator) -> Array:
    chosen = random.random(len(values)) < 0.5
    return np.where(chosen[:, None, None, None], values[..., ::-1], values)


def _shift(values: Array, random: np.random.Generator) -> Array:
    moved = np.empty_like(values)
    limits = [size // SHIFT for size in values.shape[2:]]
    padded = np.pad(values, [(0, 0), (0, 0), *((limit, limit) for limit in limits)], "reflect")
    height, width = values.shape[2:]
    for row in range(len(values)):
        top, left = (int(random.integers(0, 2 * limit + 1)) for limit in limits)
        moved[row] = padded[row, :, top : top + height, left : left + width]
    return moved


def _mix(values: Array, random: np.random.Generator) -> Array:
    share = random.random(len(values)).astype(values.dtype)[:, None, None, None]
    return np.asarray(share * values + (1 - share) * values[random.permutation(len(values))], values.dtype)


CHANGES: dict[str, Change] = {"flip": _flip, "shift": _shift, "mix": _mix}


def check(names: Sequence[str]) -> None:
    """Raise InputError for an unknown name."""
    for name in names:
        if name not in CHANGES:
            raise InputError(f"no augmentation '{name}'; there are {', '.join(CHANGES)}")


def augmented(
    call: Mapping[str, Array], names: Sequence[str], inputs: Sequence[str], random: np.random.Generator
) -> dict[str, Array]:
    """A call, its pictures changed. inputs: those that are pictures"""
    made = dict(call)
    for name in inputs:
        for change in names:
            made[name] = CHANGES[change](made[name], random)
    return made


def pictures(data: Data, names: Sequence[str]) -> list[str]:
    """The inputs that are pictures: floats [n, c, y, x] of one, three or four channels.

    Raises InputError where there is none, but something was asked for.
    """
    if not names:
        return []
    call = data[0]
    found = [k for k, v in call.items() if v.ndim == 4 and v.dtype.kind == "f" and v.shape[1] in (1, 3, 4)]
    if not found:
        raise InputError(f"nothing to {names[0]}: no input is pictures, floats [n, 1, 3 or 4, height, width]")
    return found
