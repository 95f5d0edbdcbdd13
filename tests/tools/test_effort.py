"""The time that pruning by data takes, stage by stage."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from onnxprune.cache import cache_folder
from tests.oracle import build
from tools import effort

NET = """agraph (float[1,3,8,8] x) => (float[1,4,8,8] y) <float[8,3,3,3] a, float[4,8,3,3] b>
{ h = Conv <pads=[1,1,1,1]> (x, a) r = Relu(h) y = Conv <pads=[1,1,1,1]> (r, b) }"""


def test_stages_add_up_to_the_whole_and_nothing_is_kept(tmp_path: Path) -> None:
    onnx.save(build(NET), tmp_path / "net.onnx")
    before = sorted(cache_folder().rglob("*"))
    found = effort.seconds(tmp_path / "net.onnx", 8, 0.5)
    whole = found.pop("all")
    assert {"collect and score", "repair", "prove", "write"} <= set(found)
    assert sum(found.values()) == pytest.approx(whole, abs=0.5)
    assert sorted(cache_folder().rglob("*")) == before


def test_a_model_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert effort.main(["--model", "nobody"]) == 2
    assert "no model of that name" in capsys.readouterr().err
