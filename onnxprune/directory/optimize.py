"""The main job on a directory: its models pruned, all else carried over, one result in place of the old one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from onnxprune.directory.carry import carry
from onnxprune.directory.config import NAME as CONFIG
from onnxprune.directory.config import Field, Narrowed, settle, unsaid
from onnxprune.directory.left import left_behind
from onnxprune.directory.models import belongings, models_of, some_names
from onnxprune.directory.note import NAME, note
from onnxprune.directory.place import beside, check_place
from onnxprune.directory.result import DirectoryResult
from onnxprune.directory.several import Decided, check_several, decide_all
from onnxprune.errors import InputError, VerificationError
from onnxprune.graph import data_files_of, name_data, put_folder, scratch_folder
from onnxprune.graph.save import write_atomic
from onnxprune.progress import Progress, inside, silent
from onnxprune.pruning import Options, Result, optimize
from onnxprune.pruning.decide import model_bytes
from onnxprune.recipe.checks import check
from onnxprune.recipe.recipe import Recipe
from onnxprune.recipe.run import run
from onnxprune.recipe.spelling import of_keys
from onnxprune.report.units import some

DENSE = "whoever builds the network anew from it, instead of running the ONNX file, gets the dense widths"

REPAIRED = (
    "models that share weights were repaired or trained one by one: they keep the same units, but not the same values"
)


def optimize_directory(
    source: Path | str,
    output: Path | str | None = None,
    options: Options | Recipe | None = None,
    *,
    only: Sequence[str] = (),
    progress: Progress = silent,
) -> DirectoryResult:
    """Prune the models of a directory (as optimum writes it) into a new one, which has all other files as they are.

    Several models share one target: of the sum of what they cost. A recipe may have stages where there is one model.
    output: by default where the recipe says, or DIRECTORY.pruned beside it; only: globs of models, by default those of
    the recipe; the others are carried over. The result gets its place at the end, as a whole. Raises InputError for
    what can't be used, or can't be put there, and VerificationError where a result failed its proof; nothing is written
    then.
    """
    recipe = options if isinstance(options, Recipe) else Recipe(options or Options())
    source, only = Path(source), tuple(only or recipe.files)
    output = Path(output) if output is not None else recipe.output or beside(source)
    names = models_of(source, only)
    _check(recipe, source, names)
    check_place(source, output)
    try:
        with scratch_folder(output.parent) as scratch:
            made = scratch / output.name
            made.mkdir()
            done = _named_by(output, made, lambda: _fill(source, made, names, recipe, scratch, output, progress))
            done.only = only
            progress("writing")
            text = json.dumps(note(done, made), indent=1, ensure_ascii=False) + "\n"
            write_atomic(made / NAME, [text.encode(errors="backslashreplace")])  # of names that are no UTF-8
            made.chmod(source.stat().st_mode & 0o777 | 0o700)
            put_folder(made, output)
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None
    return done


def _check(recipe: Recipe, source: Path, names: Sequence[str]) -> None:
    """Raise InputError for what can be seen to be wrong before any work; of a single model, `run` sees it."""
    if len(names) == 1:
        return
    if recipe.steps:
        held = f"{source} holds {some_names(names)}; name one of them with --file"
        raise InputError(f"{recipe.file or 'recipe'}: has stages, which take one model at a time, and {held}")
    try:
        check_several(source, recipe.options, names)
    except InputError as error:
        raise (InputError(f"{recipe.file}: {of_keys(error)}") if recipe.file else error) from None
    check(replace(recipe, options=replace(recipe.options, plan=None)))  # here a plan is a folder of several


def _named_by(output: Path, made: Path, call: Callable[[], DirectoryResult]) -> DirectoryResult:
    """What goes wrong is told of the directory that the user asked for."""
    try:
        return call()
    except (InputError, VerificationError) as error:
        raise type(error)(str(error).replace(str(made), str(output))) from None


def _fill(
    source: Path, made: Path, names: Sequence[str], recipe: Recipe, scratch: Path, output: Path, progress: Progress
) -> DirectoryResult:
    """Carry over and prune. made: the directory to fill."""
    carried = carry(source, made, belongings(source, names))
    if NAME in carried:  # of an earlier pruning of the source; the result has its own
        carried.remove(NAME)
    found = DirectoryResult(source, output, recipe.options, {}, carried=carried)
    if len(names) == 1:
        (name,) = names
        only = found.results[name] = _kept_name(source / name, run(recipe, source / name, made / name, progress))
        found.target, found.fraction, found.reached = only.target, only.fraction, only.reached
    else:
        decided = decide_all(source, names, recipe.options, scratch, progress)
        _prune_all(found, decided, made, progress)
    left = [name for name in models_of(source) if name not in names]
    found.warnings += left_behind(source, made, names, left)
    _settle(found, made)
    for name, result in found.results.items():
        result.output = output / name
        files = [made / name, *sorted(data_files_of(made / name))]
        result.written = [output / path.relative_to(made) for path in files]
    return found


def _prune_all(found: DirectoryResult, decided: Decided, made: Path, progress: Progress) -> None:
    """Several models, each by its plan."""
    for name, options in decided.options.items():
        result = optimize(found.source / name, made / name, options, inside(progress, name))
        result.offered = decided.offered.get(name, result.offered)
        found.results[name] = _kept_name(found.source / name, result)
    found.target, found.fraction, found.reached = decided.target, decided.fraction, decided.reached
    if decided.target is not None and decided.target.quantity == "size":  # nobody knows that before
        pairs = [(result.source, result.output) for result in found.results.values()]
        found.fraction = sum(model_bytes(made) for _, made in pairs) / max(sum(model_bytes(old) for old, _ in pairs), 1)
        found.reached = decided.target.allows(found.fraction)
    edited = any(result.plan.repairs or result.recovery for result in found.results.values())
    found.warnings += [*decided.warnings, *([REPAIRED] if decided.tied and edited else [])]


def _kept_name(source: Path, result: Result) -> Result:
    """A data file keeps the name that it has in the source, which some readers know it by."""
    old, new = data_files_of(source), data_files_of(result.output)
    if len(old) == len(new) == 1 and not (wanted := result.output.parent / next(iter(old)).name).exists():
        name_data(result.output, wanted.name)
    return result


def _settle(found: DirectoryResult, made: Path) -> None:
    """Make every config.json say what is right, as far as one can, and warn of the rest."""
    by_config: dict[str, list[str]] = {}
    for name in found.results:
        config = next((c for c in _configs(name) if (made / c).is_file()), None)
        if config is not None:
            by_config.setdefault(config, []).append(name)
    for config, names in by_config.items():
        narrowed = _narrowed({name: found.results[name] for name in names})
        if not narrowed:
            continue
        try:
            fields = settle(made, config, narrowed)
        except InputError as error:  # of a file that nobody asked for
            found.warnings.append(str(error))
            continue
        found.fields += fields
        found.warnings += _told(config, fields, unsaid(fields, narrowed))


def _configs(name: str) -> list[str]:
    """Where the configuration of a model may be: beside it, or in a folder above."""
    return [(parent / CONFIG).as_posix() for parent in Path(name).parents]


def _narrowed(results: dict[str, Result]) -> list[Narrowed]:
    """The groups that lost units, each once: those that several models share are alike to the last score."""
    found: dict[tuple[object, ...], Narrowed] = {}
    for name, result in results.items():
        seen: Counter[str] = Counter()
        for entry in result.plan.groups:
            text = repr([entry.get("kind"), entry["size"], entry["kept"], entry.get("score")])
            seen[text] += 1
            found.setdefault((text, seen[text]), Narrowed(name, entry["kind"], entry["size"], len(entry["kept"])))
    return list(found.values())


def _told(config: str, fields: Sequence[Field], unsaid: int) -> list[str]:
    left = [str(field) for field in fields if field.after is None]
    told = [f"{'; '.join(left)}; {DENSE}"] if left else []
    if unsaid:
        told.append(f"{config} says nothing that is known here of {some(unsaid, 'narrowed group')}; {DENSE}")
    return told
