"""GitHub Actions: annotations, which are lines of a certain form in the output, and the summary of the step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked
from onnxprune.gate.views.markdown import markdown

SUMMARY = "GITHUB_STEP_SUMMARY"


def commands(found: Checked) -> Iterator[str]:
    """An error for what fails, a warning for what is undecided, a notice where all is well."""
    for finding in found.findings:
        if found.fails(finding):
            yield _line("error", found.model, f"onnxprune gate: {finding.limit}", finding.sentence)
        elif finding.state is State.UNDECIDED:
            yield _line("warning", found.model, f"onnxprune gate: {finding.limit}", finding.sentence)
    for warning in found.warnings:
        yield _line("warning", found.model, "onnxprune gate", warning)
    if found.met:
        yield _line("notice", found.model, "onnxprune gate", found.verdict)


def summarise(found: Checked) -> None:
    """Add the tables to the step's summary, where there is one. Raises InputError where it can't be written."""
    name = os.environ.get(SUMMARY)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(markdown(found) + "\n")
    except OSError as error:
        raise InputError(f"{name}: the step's summary can't be written ({error.strerror or error})") from None


def _line(level: str, file: str, title: str, text: str) -> str:
    return f"::{level} file={_property(file)},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
