"""Layer after layer: each is refitted on what the repaired ones before it hand on."""

from __future__ import annotations

from onnxprune.repair.edits import Edits
from onnxprune.repair.line import in_line
from onnxprune.repair.registry import repair
from onnxprune.repair.solve import refit
from onnxprune.repair.work import Work


@repair("sequential")
def sequential(work: Work) -> Edits:
    """Least squares layer after layer, each on what the repaired ones before it hand on (He et al. 2017).

    Layers that lost nothing are refitted too: they make up for what went wrong before them.
    """
    return in_line(work, lambda seen: refit(seen, work.damping))
