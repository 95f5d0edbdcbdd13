"""What commands do with a directory: model after model, each under its name."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from onnxprune.cli.contract import DONE, NOT_MET, say

if TYPE_CHECKING:
    from onnxprune.directory import DirectoryResult
    from onnxprune.recipe.recipe import Recipe
    from onnxprune.report import Report

Found = TypeVar("Found")


def tell(found: Mapping[str, Found], show: Callable[[Found], None], as_json: bool) -> None:
    """Print results by model, if there are any; that of a file, whose name is empty, as it is."""
    from onnxprune.report import to_json

    if as_json and found and "" not in found:
        made = {name: json.loads(to_json(one)) for name, one in found.items()}
        print(json.dumps({"models": made}, indent=1))
        return
    for number, (name, one) in enumerate(found.items()):
        if as_json:
            print(to_json(one), end="")
            continue
        print(*([""] if number else []), *([name] if name else []), sep="\n", end="\n" if name or number else "")
        show(one)


def optimize_directory(source: Path, recipe: Recipe, *, as_json: bool, quiet: bool) -> int:
    """`optimize` on a directory; returns the exit code."""
    from onnxprune.cli.screen import stages
    from onnxprune.directory import beside, check_report, note, optimize_directory, reports, warnings, write_reports
    from onnxprune.report import claimed

    report = recipe.report
    place = recipe.output or beside(source)
    if report is not None:
        check_report(report, source, place)
    with claimed(report) if report else contextlib.nullcontext(), stages(quiet) as progress:
        result = optimize_directory(source, place, recipe, progress=progress)
        made = reports(result, progress if report else None)
        paths = write_reports(report, result, made) if report else []
    for warning in warnings(result):
        say(f"warning: {warning}")
    if as_json:
        body: dict[str, Any] = {**note(result, place), "reports": {n: json.loads(r.to_json()) for n, r in made.items()}}
        print(json.dumps(body, indent=1))
    else:
        _show(result, made, paths)
    if result.met:
        return DONE
    say(f"{_missed(result, made)}; the best result is written to {place}")
    return NOT_MET


def _show(result: DirectoryResult, made: Mapping[str, Report], paths: list[Path]) -> None:
    """What `optimize` shows of every model, then what there is to say of the directory."""
    from onnxprune.cli.screen import facts, show_all
    from onnxprune.cli.show_optimize import show
    from onnxprune.report.units import some

    for name, report in made.items():
        print(name)
        show(report, [])
        print()
    rows = [("target", f"all models together: {_aim(result)}")] if result.target and len(made) > 1 else []
    rows += [("" if number else "config", text) for number, text in enumerate(_config(result))]
    rows += [("carried over", some(len(result.carried), "other file"))]
    rows += [("written", str(result.output)), *(("", str(path)) for path in paths)]
    show_all(facts(rows))


def _aim(result: DirectoryResult) -> str:
    from onnxprune.report.record import Aim
    from onnxprune.report.sentences import aim

    assert result.target is not None
    return aim(Aim(result.target.quantity, result.target.fraction, result.fraction, result.reached))


def _config(result: DirectoryResult) -> list[str]:
    return [f"{one.file}: {one.field} {one.before} to {one.after}" for one in result.fields if one.after is not None]


def _missed(result: DirectoryResult, made: Mapping[str, Report]) -> str:
    from onnxprune.report.sentences import missed

    if len(made) > 1 and not result.reached and result.target:
        return f"target {_aim(result)}"
    return "; ".join(missed(made[name]) for name, one in result.results.items() if not one.met)
