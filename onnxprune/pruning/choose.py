"""What goes: decided by scores and a budget or by a plan, then searched for and trained, as the options say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from onnxprune import criteria
from onnxprune.errors import InputError
from onnxprune.pruning.composing import Composing
from onnxprune.pruning.decide import Decision, aim_of, cost_of, decide, passes_of, replay
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.evolution import Evolution, Minutes, evolve
from onnxprune.pruning.masking import Masked, Masking, train_decision
from onnxprune.pruning.mend import mend
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.plan import read
from onnxprune.pruning.sparsifying import Sparse
from onnxprune.pruning.timing import Timing
from onnxprune.pruning.wrapping import lowered
from onnxprune.repair import Edits


@dataclass(frozen=True, slots=True)
class Choice:
    """edits: of weights, where masks were trained, which takes a repair to judge them by; decided: how, for the plan"""

    decision: Decision
    decided: dict[str, str]
    edits: Edits | None = None
    masks: Masked | None = None


def choose(watch: Timing, evidence: Evidence, target: Target | None, sparse: Sparse) -> Choice:
    """What goes. target: instead of the options'. Raises InputError where nothing can."""
    options = evidence.options
    wanted = target or options.target or (aim_of(options, passes_of(options)) if sparse.wraps else None)
    if sparse.wraps and wanted is not None and options.plan is None and _takes_units(options):
        asked = target in (None, options.target)
        aim = lowered(wanted, sparse, watch.analysis, evidence.file.path, watch.shapes, asked=asked)
        found = _chosen(watch, evidence, aim, sparse)
        found.decision.target = wanted
        return found
    return _chosen(watch, evidence, target, sparse)


def _takes_units(options: Options) -> bool:
    return not options.passes or bool(passes_of(options))


def _chosen(watch: Timing, evidence: Evidence, target: Target | None, sparse: Sparse) -> Choice:
    options = evidence.options
    decision, decided = _decide(watch, evidence, target, sparse), decided_by(options)
    if options.recover is not None:
        decided["recover"] = str(options.recover)
    if options.search_minutes is not None:
        found = _search(decision, watch, evidence)
        decision = found.decision
        decided["search"] = str(found)
    if options.masks is None:
        return Choice(decision, decided)
    learned = _train_masks(decision, watch, evidence)
    decided["masks"] = str(learned.outcome)
    return Choice(learned.decision, decided, learned.edits, learned.outcome)


def _decide(watch: Timing, evidence: Evidence, target: Target | None, sparse: Sparse) -> Decision:
    options, source, analysis, shapes = evidence.options, evidence.file.path, watch.analysis, watch.shapes
    wanted = target or options.target
    timed = wanted if wanted is not None and wanted.timed else None
    if options.plan is not None:
        found = replay(analysis, read(options.plan), options, source, shapes)
        return _replayed(watch, found, timed, sparse) if timed is not None else found

    def made(aim: Target | None) -> Decision:
        aimed = replace(options, target=aim)
        return decide(analysis, aimed, source, shapes, evidence.scores, watch.cost, evidence.trials, evidence.likeness)

    units = _takes_units(options)
    if sparse and timed is not None:
        return Composing(watch, evidence, sparse, made if units else None).run(timed, evidence.share)
    if not units:
        return _nothing(wanted)
    return watch.search(timed, made) if timed is not None else made(wanted)


def _replayed(watch: Timing, found: Decision, target: Target, sparse: Sparse) -> Decision:
    """The decision of a plan, with the time that it takes."""
    if not sparse:
        return watch.seen(found, target)
    found.fraction = watch.stopwatch.sparse(found.masks, sparse.wanted)
    found.met, found.target = target.allows(found.fraction), target
    return found


def _nothing(target: Target | None) -> Decision:
    """Where the user named no pass that takes units. Raises InputError where there is a target."""
    if target is not None:
        aim = f"--target {target.quantity}={target.fraction:g}"
        raise InputError(f"{aim}: the passes named take no units, so say how many zeros there are to be (sparsity)")
    return Decision({}, [], [], 1.0, True)


def decided_by(options: Options) -> dict[str, str]:
    """How it was decided what goes, or, where a plan was done again, what that says."""
    if options.plan is not None:
        return read(options.plan).decided
    how = criteria.get(options.scored_by).aggregation(options.aggregate)
    return {"criterion": options.scored_by, "aggregate": how, "budget": options.shared_by}


def _search(decision: Decision, watch: Timing, evidence: Evidence) -> Evolution:
    """Better widths, as far as there is time."""
    options = evidence.options
    if decision.target is None or options.search_minutes is None:
        raise InputError("--search-minutes needs a target: the passes' own ratios say how wide groups are")
    if evidence.repair != "none":
        hint = "where much goes, a run without it may be better"
        evidence.warnings.append(f"--search-minutes judges widths without the repair that follows; {hint}")
    cost = cost_of(decision.target, watch.analysis, evidence.file.path, watch.shapes)
    trials = evidence.trials([c.group for c in decision.offered])
    time = Minutes(options.search_minutes)
    return evolve(decision, cost, trials, options.seed, time, time.done)


def _train_masks(decision: Decision, watch: Timing, evidence: Evidence) -> Masking:
    """A better decision, learned; where the target is a time, by the estimate that was timed for the budget's."""
    setting, target = evidence.options.masks, decision.target
    assert setting is not None
    if target is None:
        raise InputError("--train-masks needs a target: the passes' own ratios say how wide groups are")
    if target.timed:
        cost = watch.cost(decision.offered, target)
    else:
        cost = cost_of(target, watch.analysis, evidence.file.path, watch.shapes)
    found = train_decision(decision, cost, evidence, setting, partial(mend, evidence))
    if found.outcome.gained and target.timed:
        watch.seen(found.decision, target)
    return found
