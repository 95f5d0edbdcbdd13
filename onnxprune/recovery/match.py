"""A tensor that the dense and the pruned model both have, and what of it is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Match:
    """kept: axis -> indices of the dense model's tensor that the pruned one's has too, for axes that lost some"""

    name: str
    kept: Mapping[int, np.ndarray] = field(default_factory=dict)
