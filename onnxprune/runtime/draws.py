"""Inputs under several conditions: trained networks respond to some and saturate on others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from onnxprune.runtime.run import Array, Feeds

CONDITIONS: tuple[Callable[[Array], Array], ...] = (
    lambda z: z,
    lambda z: 1.0 / (1.0 + np.exp(-1.702 * z)),  # near enough uniform in [0, 1], as the pixels of an image are
    lambda z: 10.0 * z,
)
"""What becomes of a drawn float input: as it is (normal), as pixels, loud."""


def conditions(feeds: Feeds) -> Iterator[dict[str, Array]]:
    """The inputs under each condition; only one where no float input was drawn."""
    drawn = {name for name, values in feeds.items() if _is_drawn(values)}
    for change in CONDITIONS[: len(CONDITIONS) if drawn else 1]:
        yield {k: change(v.astype(np.float64)).astype(v.dtype) if k in drawn else v for k, v in feeds.items()}


def _is_drawn(values: Array) -> bool:
    """Masks, thresholds and the like hold one number that means something."""
    return values.dtype.kind == "f" and values.size > 1 and bool((values != values.flat[0]).any())


def switched(feeds: Feeds, switches: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Array]]:
    """The inputs once more for every other value of an input that decides which branch runs."""
    for name, values in switches.items():
        for value in values if name in feeds else ():
            if (feeds[name] != value).any():
                yield {**feeds, name: np.full_like(feeds[name], value)}
