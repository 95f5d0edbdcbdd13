"""A recipe: what is done to a model, out of a file, keyword arguments or options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.pruning import Options
from onnxprune.recipe.keys import MEANINGS, OPTIMIZE, SHARED, STAGES
from onnxprune.recipe.places import placed
from onnxprune.recipe.spelling import of_keys
from onnxprune.recipe.steps import Step
from onnxprune.recipe.typed import options, step
from onnxprune.settings import fitting, parsed
from onnxprune.words import did_you_mean

STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be done.

    options: all that is to be known where there are no stages, else of the whole; steps: the stages; output, report:
    where to write, if the recipe says; files: globs over the models of a directory; file: that it comes from; over:
    what was said beside the file, which wins
    """

    options: Options
    steps: tuple[Step, ...] = ()
    output: Path | None = None
    report: Path | None = None
    files: tuple[str, ...] = ()
    file: Path | None = None
    over: Mapping[str, Any] | None = None

    @classmethod
    def load(cls, path: Path | str, **over: Any) -> Recipe:
        """The recipe in a file; docs/recipes.md shows one. over: values that win over those of the file, with paths
        relative to where one is. Raises InputError naming the file and the key that doesn't fit."""
        file = Path(path)
        body, over = parsed(file), fitting(_plain(over), OPTIMIZE, "beside the recipe")
        checked(body, file)
        try:
            return _made(body, over, file)
        except InputError as error:
            raise InputError(f"{file}: {of_keys(error)}") from None

    @classmethod
    def of(cls, **values: Any) -> Recipe:
        """A recipe of the values that a file would have: `Recipe.of(data="calib.npz", stage=[{"kind": "prune"}, ...])`.

        Raises InputError for an unknown name or a value that doesn't fit.
        """
        plain: dict[str, Any] = _plain(values)
        checked(plain, "recipe")
        return _made(plain, {}, None)

    @classmethod
    def of_options(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe without stages, of values that are of the right kinds. Raises InputError where they mean nothing."""
        return _made(_plain(values), {}, None)

    @property
    def folder(self) -> Path | None:
        """That of the file."""
        return self.file.parent if self.file is not None else None


def _plain(value: Any) -> Any:
    """As TOML has it: texts for paths, lists for tuples."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def checked(body: Mapping[str, Any], where: str | Path) -> None:
    """Raise InputError naming the first key that isn't known, or whose value doesn't fit."""
    rest = {name: value for name, value in body.items() if name != STAGE}
    fitting(rest, OPTIMIZE, where)
    if STAGE not in body:
        return
    stages = body[STAGE]
    if not isinstance(stages, list) or not stages or not all(isinstance(one, dict) for one in stages):
        raise InputError(f"{where}: stage should be tables [[stage]], each with its kind, but is {stages!r}")
    for name in rest:
        if name not in SHARED:
            kinds = " or ".join(kind for kind in STAGES if name in STAGES[kind])
            raise InputError(f"{where}: '{name}' belongs into a [[stage]] of the kind {kinds}, for there are stages")
    for number, one in enumerate(stages, 1):
        _check_stage(one, number, where)


def _check_stage(body: Mapping[str, Any], number: int, where: str | Path) -> None:
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in STAGES:
        hint = did_you_mean(kind, STAGES) if isinstance(kind, str) else ""
        given = f"is {kind!r}" if "kind" in body else "isn't given"
        raise InputError(f"{where}: kind of stage {number} should be one of {', '.join(MEANINGS)}, but {given}{hint}")
    own = {name: value for name, value in body.items() if name != "kind"}
    fitting(own, STAGES[kind], f"{where}, stage {number} ({kind})")


def _made(body: Mapping[str, Any], over: Mapping[str, Any], file: Path | None) -> Recipe:
    stages: Sequence[Mapping[str, Any]] = body.get(STAGE, ())
    rest = {name: value for name, value in body.items() if name != STAGE}
    if stages:
        _check_over(over)
    top = {**(placed(rest, file.parent) if file else rest), **over}
    steps = tuple(_step(number, one, rest, over, file) for number, one in enumerate(stages, 1))
    output, report = (Path(top[name]) if name in top else None for name in ("output", "report"))
    return Recipe(options(top), steps, output, report, tuple(top.get("file", ())), file, dict(over))


def _check_over(over: Mapping[str, Any]) -> None:
    for name in over:
        if name not in SHARED:
            raise InputError(
                f"there are stages, so '{name}' belongs into one of them, and can't be said beside the recipe"
            )


def _step(
    number: int, body: Mapping[str, Any], rest: Mapping[str, Any], over: Mapping[str, Any], file: Path | None
) -> Step:
    """A stage: what stands above it holds where it says nothing, but for what is about the whole."""
    kind = str(body["kind"])
    whole = ("target", "max_loss", "metric")
    common, best = (
        {name: value for name, value in one.items() if name in STAGES[kind] and name not in whole}
        for one in (rest, over)
    )
    own = {name: value for name, value in body.items() if name != "kind"}
    said = {**common, **own, **best}
    values = {**placed({**common, **own}, file.parent), **best} if file else said
    try:
        return Step(kind, said, step(kind, values))
    except InputError as error:
        raise InputError(f"stage {number} ({kind}): {error}") from None
