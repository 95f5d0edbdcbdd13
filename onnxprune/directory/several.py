"""Several models under one target: what goes is decided for all of them, then each is pruned by a plan of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from onnxprune import budget
from onnxprune.coupling import analyze
from onnxprune.directory.data import data_of
from onnxprune.directory.models import label, some_names
from onnxprune.errors import InputError
from onnxprune.graph import Model, normalize
from onnxprune.progress import Progress, inside
from onnxprune.pruning import LayerPass, Options, Plan, Target, parse
from onnxprune.pruning.choose import decided_by
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.plan import describe, sha256
from onnxprune.pruning.prune import check_dims, open_shapes
from onnxprune.pruning.selection import Scope, unmatched
from onnxprune.pruning.together import Joint, Part, decide_together
from onnxprune.runtime import PlainFile


@dataclass(slots=True)
class Decided:
    """What is to be done with every model, by its name.

    options: with a plan each; offered: pass -> sizes of groups; target, fraction, reached: of all together, where they
    share a target; tied: groups that several models have in common; warnings: sentences
    """

    options: dict[str, Options]
    offered: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    target: Target | None = None
    fraction: float = 1.0
    reached: bool = True
    tied: int = 0
    warnings: list[str] = field(default_factory=list)


def check_several(folder: Path, options: Options, names: Sequence[str]) -> None:
    """Raise InputError for options that make sense for one model at a time only."""
    hint = f"{folder} holds {some_names(names)}; name one of them with --file"
    for flag, given in (
        ("--max-loss", options.max_loss is not None),
        ("--search-minutes", options.search_minutes is not None),
        ("--train-masks", options.masks is not None),
        ("--recover-rounds", options.recover_rounds != 1),
    ):
        if given:
            raise InputError(f"{flag} looks at one model at a time, and {hint}")
    if options.target is not None and options.target.timed:
        raise InputError(f"--target {options.target.quantity}: models that run differently often share no time: {hint}")
    if budget.get(options.shared_by).needs == budget.Needs.TRIALS:
        raise InputError(f"--budget {options.shared_by} tries masks in one model at a time, and {hint}")
    if sparse := next((text for text in options.passes if isinstance(parse(text), LayerPass)), None):
        raise InputError(f"--pass '{sparse}' works on one model at a time, and {hint}")


def decide_all(folder: Path, names: Sequence[str], options: Options, scratch: Path, tell: Progress) -> Decided:
    """Decide for all models of a directory. scratch: where plans may lie. Raises InputError where nothing can go."""
    data, warnings = data_of(options.calibration, names)
    evidence = {name: _evidence(folder / name, replace(options, calibration=data[name])) for name in names}
    models = _loaded(evidence, options)
    own = {name: replace(one.options, protect=(), only=(), passes=(), target=None) for name, one in evidence.items()}
    if options.plan is not None:
        return Decided({name: replace(own[name], plan=_plan(options.plan, name)) for name in names}, warnings=warnings)
    parts: dict[str, Part] = {}
    for name, one in evidence.items():
        tell(f"analysing {name}")
        parts[name] = _part(one, models.pop(name), inside(tell, name))
    warnings += _misspelled(parts, options)
    tell("choosing what goes")
    joint = decide_together(parts, options)
    for name, one in evidence.items():
        warnings += [f"{name}: {text}" for text in one.warnings]
        one.release()
    for name, part in parts.items():
        place = scratch / f"{len(own)}-{list(parts).index(name)}.json"
        place.write_text(_planned(joint, name, part, options).to_json(), encoding="utf-8")
        own[name] = replace(own[name], plan=place)
    warnings += [_left_whole(joint)] if joint.whole else []
    found = joint.decision
    return Decided(own, joint.offered, found.target, found.fraction, found.met, joint.tied, warnings)


def _evidence(path: Path, options: Options) -> Evidence:
    return Evidence(PlainFile(path, options.data or None, options.seed), options)


def _loaded(evidence: Mapping[str, Evidence], options: Options) -> dict[str, Model]:
    """The models; each is left the sizes of open dimensions that it has. Raises InputError for one that none has."""
    models = {name: one.file.load() for name, one in evidence.items()}
    for symbol, length in options.data.items():
        alone = replace(options, data={symbol: length})
        reasons = {name: reason for name, model in models.items() if (reason := _refused(model, alone)) is not None}
        if len(reasons) == len(models):
            raise next(iter(reasons.values()))
        for one in (evidence[name] for name in reasons):
            rest = {key: size for key, size in one.options.data.items() if key != symbol}
            one.options, one.file.dims = replace(one.options, data=rest), rest or None
    return models


def _refused(model: Model, options: Options) -> InputError | None:
    """Why sizes can't be given for dimensions of a model."""
    try:
        check_dims(model, options)
    except InputError as reason:
        return reason
    return None


def _part(evidence: Evidence, model: Model, tell: Progress) -> Part:
    evidence.progress = tell
    source, options = evidence.file.path, evidence.options
    shapes = evidence.shapes = open_shapes(model, source, options)
    model = normalize(model)
    analysis = analyze(model.graph, model.opsets)
    return Part(source, analysis, shapes, partial(evidence.scores, analysis), partial(evidence.likeness, analysis))


def _misspelled(parts: Mapping[str, Part], options: Options) -> list[str]:
    """A sentence for every glob that matches nothing in any of the models."""
    scope = Scope(options.protect, options.only)
    told = [unmatched(part.analysis, scope) for part in parts.values()]
    return [text for text in told[0] if all(text in other for other in told)]


def _planned(joint: Joint, name: str, part: Part, options: Options) -> Plan:
    groups, _ = describe(part.analysis, joint.chosen[name], {})
    model = {"name": part.source.name, "sha256": sha256(part.source)}
    return Plan(model, groups, {}, decided=decided_by(options))


def _left_whole(joint: Joint) -> str:
    (name, group), *more = joint.whole
    others = f" and {len(more)} more" if more else ""
    why = "other models hold the same weights, and can't lose the same units of them"
    return f"'{group}' of {name}{others} stay whole: {why}"


def _plan(folder: Path, name: str) -> Path:
    """Where the plan of a model is in a report of several."""
    if not folder.is_dir():
        raise InputError(f"--plan {folder}: there are several models, so give the folder of the report of all of them")
    return folder / label(name) / "plan.json"
