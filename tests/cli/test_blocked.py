"""A model that ONNX Runtime laid out in blocks of channels is analysed, explained and pruned as what it was."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from onnxprune.graph import has_blocks, load
from onnxprune.runtime import plain
from tests.cli.conftest import Run, sentence
from tests.graph.helpers import laid_out
from tests.nets import CNN
from tests.oracle import build


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    if not plain.block_size():
        pytest.skip("ONNX Runtime lays nothing out in blocks of channels on this processor")
    path = laid_out(build(CNN), tmp_path)
    assert has_blocks(load(path))
    return path


def test_every_command_sees_the_plain_model(run: Run, blocked: Path, tmp_path: Path) -> None:
    shown = run("analyze", blocked)
    assert "2 can go" in shown.stdout and "Reorder" not in shown.stdout
    name = load(blocked).graph.nodes[0].inputs[1].name
    assert f"{name}[0] = " in run("explain", blocked, name).stdout
    out = tmp_path / "pruned.onnx"
    found = run("optimize", blocked, "-o", out, "--no-bench")
    assert found.exit_code == 0 and "proof          proved" in found.stdout
    assert {node.domain for node in onnx.load(out).graph.node} == {""}


@pytest.mark.parametrize("command", ["analyze", "optimize"])
def test_a_layout_that_is_undone_wrongly_is_bad_input(
    run: Run, blocked: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = 24 - plain.block_size()
    monkeypatch.setattr(plain, "block_size", lambda: other)
    found = run(command, blocked)
    assert found.exit_code == 2
    assert "undoing that changes what it computes here" in sentence(found)
    assert list(blocked.parent.glob("*.onnx")) == [blocked]
