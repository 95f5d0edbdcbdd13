from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import load, normalize
from onnxprune.runtime import run, session
from tools import linearity
from tools.llama_graph import GROUPS, HEADS, INNER, llama


def test_the_graph_is_valid_and_runs() -> None:
    model = llama(2)
    onnx.checker.check_model(model, full_check=True)
    logits = run(session(model.SerializeToString()), {"ids": np.arange(16)[None]})["logits"]
    assert logits.shape == (1, 16, 96)
    assert np.ptp(logits) > 0.1


def test_every_layer_adds_as_many_nodes() -> None:
    assert [len(llama(n).graph.node) for n in (1, 2, 3)] == [65, 122, 179]


def test_its_heads_and_neurons_are_found(tmp_path: Path) -> None:
    onnx.save(llama(3), tmp_path / "llama.onnx")
    model = normalize(load(tmp_path / "llama.onnx"))
    sizes = [group.size for group in analyze(model.graph, model.opsets).prunable]
    assert sizes.count(INNER) == 3
    assert GROUPS in sizes
    assert HEADS // GROUPS in sizes


def test_rows_and_their_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = linearity.grow((1, 2), repeats=1)
    assert [row["nodes"] for row in rows] == [65, 122]
    assert rows[1]["groups"] > rows[0]["groups"]
    lines = linearity.rendered(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].rstrip(" |").endswith(" 1.00")
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    monkeypatch.setattr(linearity, "grow", lambda: rows)
    assert linearity.record() == linearity.record(fresh=False) == rows
