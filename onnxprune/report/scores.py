"""How the scores of a group are spread, and where the cut fell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxprune.report.record import Scores

BINS = 24


def spread(entry: Mapping[str, Any]) -> Scores | None:
    """The scores of one of the plan's groups in bins; None where it has none that are numbers, or all are the same."""
    scores = np.array(entry.get("score", []), np.float64)
    if len(scores) != entry["size"] or not np.isfinite(scores).all() or np.ptp(scores) == 0:
        return None
    stays = np.zeros(len(scores), bool)
    stays[entry["kept"]] = True
    edges = np.linspace(scores.min(), scores.max(), BINS + 1)
    kept, gone = (np.histogram(scores[mask], edges)[0] for mask in (stays, ~stays))
    clean = stays.any() and (~stays).any() and scores[~stays].max() <= scores[stays].min()
    cut = float(scores[stays].min()) if clean else None
    return Scores(float(edges[0]), float(edges[-1]), kept.tolist(), gone.tolist(), cut)
