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
        ("--target l", {"latency="}),
        ("--provider c", {"cpu"}),
        ("--mask-method p", {"polarised"}),
    ],
)
def test_values_of_options(words: str, offered: set[str]) -> None:
    asked = {"COMP_WORDS": f"onnxprune optimize m.onnx {words}", "COMP_CWORD": "4"}
    done = launch(env={**os.environ, **asked, "_ONNXPRUNE_COMPLETE": "complete_bash"})
    assert (done.returncode, done.stderr) == (0, "") and set(done.stdout.split()) >= offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("", {"optimize", "recover", "explain", "gate", "list"}),
        ("export tim", {"timm:"}),
        ("export timm:resnet18 --exporter t", {"torchscript"}),
        ("recover a.onnx b.onnx --augment flip,m", {"flip,mix"}),
        ("recover a.onnx b.onnx --loss c", {"cosine"}),
        ("list s", {"sparsifiers"}),
        ("gate check m.onnx --limit latency.sec", {"latency.seconds="}),
        ("explain m.onnx a --q", {"--quiet"}),
    ],
)
def test_what_other_commands_offer(words: str, offered: set[str]) -> None:
    asked = {"COMP_WORDS": f"onnxprune {words}", "COMP_CWORD": str(max(len(words.split(" ")), 1))}
    done = launch(env={**os.environ, **asked, "_ONNXPRUNE_COMPLETE": "complete_bash"})
    assert (done.returncode, done.stderr) == (0, "") and set(done.stdout.split()) >= offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_taught(shell: str) -> None:
    done = launch(env={**os.environ, "_ONNXPRUNE_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0 and "_ONNXPRUNE_COMPLETE" in done.stdout


def test_every_value_is_explained() -> None:
    for offer in (
        completion.criteria,
        completion.budgets,
        completion.passes,
        completion.mask_methods,
        completion.limits,
        completion.losses,
        completion.changes,
        completion.exporters,
        completion.sources,
        completion.targets,
    ):
        found = offer("")
        assert found and all(name and what for name, what in found) and offer("no such") == []
