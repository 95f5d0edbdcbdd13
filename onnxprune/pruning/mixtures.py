"""A target in time for units and zeros both: how much of it each should do, the result says that loses least.

Units that go and zeros in what stays, composed: Eccles et al. 2025, "Mosaic: Composite Projection Pruning for
Resource-efficient LLMs". Which share is best depends on the model, so some mixtures are made and judged.
"""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

from onnxprune.progress import Progress, inside
from onnxprune.pruning.decide import passes_of
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.loss import Judge
from onnxprune.pruning.options import Options
from onnxprune.pruning.prune import Pruned, prune
from onnxprune.pruning.sparsifying import layer_passes

POWERS = (0.0, 1 / 3, 2 / 3, 1.0)
"""Of the target: what units leave of the time, in the order in which they are tried; at 1 zeros have nothing to do."""


def is_open(options: Options) -> bool:
    """Whether a target in time leaves open both how many units go and how many zeros there are."""
    if options.target is None or not options.target.timed or options.plan is not None:
        return False
    units = passes_of(options)
    stated = any(one.ratio is not None for one in units)
    return bool(units) and not stated and any(one.free() for one in layer_passes(options))


def mix(evidence: Evidence, output: Path, trial: Path, progress: Progress) -> Pruned:
    """The mixture that meets the target and loses least on the data held out, as the file `trial`.

    Without data it is the first that meets the target, zeros alone first. Raises InputError as `prune` does.
    """
    target = evidence.options.target
    assert target is not None
    shares = [None if power == 0 else target.fraction**power for power in POWERS]
    if evidence.mixture:  # made once more: what is best is known
        shares = [evidence.share]
    judge = Judge(evidence.file.path, evidence.options, evidence.held_out) if evidence.held_out else None
    best: tuple[tuple[bool, float], Pruned, float | None] | None = None
    for number, share in enumerate(shares):
        evidence.share, place = share, trial.parent / f"mixture-{number}" / trial.name
        place.parent.mkdir()
        name = "zeros alone" if share is None else f"units for {share:.2f} of the time"
        made = prune(evidence, output, place, inside(progress, name))
        gc.collect()
        rank = (not made.result.reached, judge(place)[0] if judge else float(number))
        if best is None or rank < best[0]:
            best = rank, made, share
            _move(place, trial)
        shutil.rmtree(place.parent)
        if judge is None and made.result.reached:
            break
    assert best is not None
    evidence.share, evidence.mixture = best[2], True
    return best[1]


def _move(place: Path, trial: Path) -> None:
    for old in trial.parent.iterdir():
        if old.is_file():
            old.unlink()
    for file in place.parent.iterdir():
        os.replace(file, trial.parent / file.name)
