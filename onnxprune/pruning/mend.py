"""What makes up for the units that go, and the weights that become sparse."""

from __future__ import annotations

from dataclasses import replace

from onnxprune import repair
from onnxprune.errors import InputError
from onnxprune.pruning.decide import Decision
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.sparsifying import Sparse
from onnxprune.repair import Edits, Work
from onnxprune.sparse import shared, sparsify


def mend(evidence: Evidence, decision: Decision, sparse: Sparse | None = None) -> Edits:
    """The edits that make up for the units that go, with the weights that are to be sparse."""
    found = repair.get(evidence.repair)
    if sparse:
        return _sparsify(evidence, decision, sparse)
    if not decision.masks or found.name == "none":
        return Edits()
    progress = evidence.progress
    progress("repairing")
    work = Work(evidence.source, decision.masks, evidence.calibration, progress=progress, warn=evidence.warnings.append)
    edits = found.function(work)
    evidence.compare_with_plan()
    return edits


def _sparsify(evidence: Evidence, decision: Decision, sparse: Sparse) -> Edits:
    """One walk over the layers that both repairs them and makes them sparse."""
    progress = evidence.progress
    if evidence.repair not in ("none", "sequential"):
        raise InputError(f"--repair {evidence.repair}: layers are made sparse and repaired one by one (sequential)")
    progress("making weights sparse")
    mend = evidence.repair != "none"
    data = evidence.calibration if mend or sparse.looks else ()
    work = Work(evidence.source, decision.masks, data, progress=progress, warn=evidence.warnings.append)
    if sparse.spread:
        alone = replace(work, masks={})
        sparse.wanted |= shared(alone, {name: sparse.wanted[name] for name in sparse.spread})
    edits = sparsify(work, sparse.wanted, mend=mend, slopes=evidence.slopes() if sparse.gradients else None)
    if mend:
        evidence.compare_with_plan()
    return edits
