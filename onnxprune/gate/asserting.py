"""A gate as an assertion, for tests."""

from __future__ import annotations

import warnings
from pathlib import Path

from onnxprune.gate.check import check
from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked
from onnxprune.gate.settings import settings


class UndecidedGate(UserWarning):
    """The time was up before the latency was decided, and that isn't a failure by itself."""


def assert_onnx_gate(
    model: Path | str,
    baseline: Path | str = "baseline.json",
    *,
    dense: Path | str | None = None,
    config: Path | str | None = None,
    **limits: object,
) -> Checked:
    """Assert that a model keeps limits: those of gate.toml, and over them `limits`, named and given as there.

    `assert_onnx_gate("small.onnx", "baseline.json", size=1.0, latency={"ratio": 1.02, "detect": 1.05})`. config:
    another file than the current folder's gate.toml; dense: the baseline's model, where it isn't where it was recorded.
    Raises AssertionError with a sentence for every limit that isn't met, InputError for what can't be checked; warns
    with UndecidedGate.
    """
    asked = settings(Path(config) if config is not None else None, more=limits)
    found = check(model, baseline, asked, dense=dense)
    if not found.met:
        raise AssertionError("\n".join([_head(found), *(f.sentence for f in found.findings if found.fails(f))]))
    for finding in found.of(State.UNDECIDED):
        warnings.warn(f"{found.model}: {finding.sentence}", UndecidedGate, stacklevel=2)
    return found


def _head(found: Checked) -> str:
    return f"{found.model}: gate {found.verdict}"
