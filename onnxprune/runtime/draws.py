"""Inputs under several conditions: trained networks respond to some and saturate on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from onnxprune.runtime.run import Array, Feeds

CONDITIONS: tuple[Callable[[Array], Array], ...] = (
    lambda z: 1.0 / (1.0 + np.exp(-1.702 * z)),  # near enough uniform in [0, 1], as the pixels of an image are
    lambda z: 10.0 * z,
)
"""What becomes of a drawn float input, beside what it is (normal): pixels, loud."""


def conditions(feeds: Feeds) -> Iterator[dict[str, Array]]:
    """The inputs as they are, then under each condition, if any float input was drawn."""
    yield dict(feeds)
    drawn = [name for name, values in feeds.items() if _is_drawn(values)]
    for change in CONDITIONS if drawn else ():
        yield {**feeds, **{k: change(feeds[k].astype(np.float64)).astype(feeds[k].dtype) for k in drawn}}


def _is_drawn(values: Array) -> bool:
    """Masks, thresholds and the like hold one number that means something."""
    return values.dtype.kind == "f" and values.size > 1 and bool((values != values.flat[0]).any())


def halved(feeds: Feeds, inputs: Iterable[Any]) -> dict[str, Array]:
    """Float inputs cut to half along a last axis whose length is open: a branch for another rate takes other lengths.

    inputs: of the session.
    """
    cut = {v.name for v in inputs if v.type == "tensor(float)" and v.shape and not isinstance(v.shape[-1], int)}
    return {k: v[..., : max(v.shape[-1] // 2, 1)] if k in cut else v for k, v in feeds.items()}
