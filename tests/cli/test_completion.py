"""What a shell offers, as bash asks for it."""

from __future__ import annotations

import os

import pytest

from onnxprune.cli import completion
from tests.cli.conftest import launch


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("--criterion geo", {"geometric_median"}),
        ("--budget u", {"uniform"}),
        ("--pass head", {"heads", "head_dim"}),
        ("--target p", {"params="}),
        ("--provider c", {"cpu"}),
        ("--mask-method p", {"polarised"}),
    ],
)
def test_values_of_options(words: str, offered: set[str]) -> None:
    asked = {"COMP_WORDS": f"onnxprune optimize m.onnx {words}", "COMP_CWORD": "4"}
    done = launch(env={**os.environ, **asked, "_ONNXPRUNE_COMPLETE": "complete_bash"})
    assert (done.returncode, done.stderr) == (0, "") and set(done.stdout.split()) >= offered


def test_every_value_is_explained() -> None:
    for offer in (
        completion.criteria,
        completion.budgets,
        completion.passes,
        completion.mask_methods,
        completion.limits,
    ):
        found = offer("")
        assert found and all(name and what for name, what in found) and offer("no such") == []
