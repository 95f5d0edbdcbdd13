"""`onnxprune analyze`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.graph import from_proto, load, pack, save, sparse_matmul, use_domain
from onnxprune.sparse import Pattern, emit
from tests.cli.conftest import FREE_BATCH, LOCKED, UNKNOWN, Run, sentence, stored
from tests.oracle import build


def test_groups_that_can_go(run: Run, cnn: Path) -> None:
    done = run("analyze", cnn)
    assert done.exit_code == 0 and done.stderr == ""
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "nodes 10, all with a rule" in lines and "groups 2 can go, 2 are locked" in lines
    assert "MACs 11.5 M" in lines and "channels by default 2 160 100.0 %" in lines
    assert "a[0] 64 channels yes 100.0 % 6 Conv 'h'" in lines and "c[0] 96 channels yes 13.7 % 2 Conv 'u'" in lines


def test_locks_as_sentences_nature_apart_from_limits(run: Run, tmp_path: Path) -> None:
    done = run("analyze", stored(UNKNOWN, tmp_path / "unknown.onnx"), "--locked")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "nodes 5, no rule for Mystery (1 node)" in lines
    nature = lines.index("locked by the model's nature: 33.3 % of the MACs go through it")
    limits = lines.index("locked by limits of onnxprune or of the file: 66.7 % of the MACs go through it")
    (line,) = [n for n, text in enumerate(lines) if text.endswith("graph input 'x': this is what the model takes")]
    assert lines[line].startswith("33.3 % 30.8 % a[0] (8 units) is locked by") and nature < line < limits
    (line,) = [
        n for n, text in enumerate(lines) if "locked by Mystery 'o' (no rule for op com.example::Mystery)" in text
    ]
    assert lines[line].startswith("66.7 % ") and "CONTRIBUTING.md" in lines[line] and limits < line


def test_a_model_without_groups_is_no_error(run: Run, tmp_path: Path) -> None:
    done = run("analyze", stored(LOCKED, tmp_path / "locked.onnx"))
    assert done.exit_code == 0 and "nothing can go; --locked tells why" in done.stdout


def test_json(run: Run, cnn: Path) -> None:
    survey = json.loads(run("analyze", cnn, "--json").stdout)
    assert survey["params"] == 45824 and survey["nodes"] == 10 and survey["unknown_ops"] == {}
    assert [(g["id"], g["units"], g["kind"], g["exact"]) for g in survey["groups"]] == [
        ("a[0]", 64, "channels", True),
        ("c[0]", 96, "channels", True),
    ]
    assert survey["kinds"][0]["share"] == 1.0
    assert {lock["axis"] for lock in survey["locked"]} == {"a[1]", "fc[0]"}
    assert list(survey["locked"][0]) == (
        "id groups axis units share params op node nodes kind natural reason advice sentence".split()
    )
    assert survey["nature"] == survey["locked"][0]["share"] + survey["locked"][1]["share"] and survey["limits"] == 0


def test_open_dimensions_count_as_asked(run: Run, tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    assert json.loads(run("analyze", model, "--dim", "batch=3", "--json").stdout)["macs"] == 3 * (8 * 32 + 32 * 4)
    assert "no dynamic axis 'bacth': its dynamic axes are batch" in sentence(run("analyze", model, "--dim", "bacth=3"))


def test_graphml_is_written_and_read(run: Run, cnn: Path, tmp_path: Path) -> None:
    path = tmp_path / "coupling.graphml"
    done = run("analyze", cnn, "--graph", path)
    assert done.exit_code == 0 and done.stdout.rstrip().endswith(str(path))
    labels = {data["label"]: data for _, data in nx.read_graphml(path).nodes(data=True)}
    assert labels["a[0]"]["kind"] == "weight" and labels["a[0]"]["group"] == "a[0]" and labels["a[0]"]["units"] == 64
    assert labels["a[1]"]["locked"] == "'x': graph input"


def test_graphml_needs_a_folder(run: Run, cnn: Path, tmp_path: Path) -> None:
    done = run("analyze", cnn, "--graph", tmp_path / "nowhere" / "coupling.graphml")
    assert done.exit_code == 2 and "can't be written" in sentence(done) and done.stdout == ""


def test_zeros_by_pattern(run: Run, tmp_path: Path) -> None:
    """A weight of 16x1 blocks, and one without zeros."""
    proto = build(FREE_BATCH.replace("batch,8", "batch,16").replace("float[8,32]", "float[16,32]"))
    random, a = np.random.default_rng(0), proto.graph.initializer[0]
    stays = np.repeat(random.random((16, 2)) < 0.5, 16, axis=1)
    a.CopyFrom(numpy_helper.from_array((numpy_helper.to_array(a) * stays).astype(np.float32), "a"))
    path = tmp_path / "sparse.onnx"
    onnx.save(proto, path)
    body = json.loads(run("analyze", path, "--sparsity", "--json").stdout)
    assert [w["name"] for w in body["weights"]] == ["a", "b"] and body["size"] == 16 * 32 + 32 * 4
    first, second = body["weights"]
    assert first["sparsity"] == first["covered"]["16x1"] == first["covered"]["unstructured"] == 1 - stays.mean()
    assert first["follows"] == "16x1" and (first["outputs"], first["inputs"]) == (32, 16)
    assert second["sparsity"] == 0 and second["follows"] == "" and body["zeros"] == (~stays).sum()
    lines = [line.split() for line in run("analyze", path, "--sparsity").stdout.splitlines()]
    assert next(line for line in lines if line[:1] == ["b"])[:7] == ["b", "4", "x", "32", "0", "%", "none"]


def test_zeros_of_packed_weights(run: Run, tmp_path: Path) -> None:
    """They count as if they were dense."""
    weight = np.zeros((8, 32), np.float32)
    weight[2, 16:] = 1
    model = from_proto(build("g (float[2,8] x) => (float[2,32] y) <float[8,32] w> { y = MatMul(x, w) }"))
    (x,), (y,) = model.graph.inputs, model.graph.outputs
    model.graph.nodes[0].outputs.clear()
    model.graph.nodes[:] = [sparse_matmul(pack(weight, (16, 1)), x, y, name="fc")]
    use_domain(model)
    save(model, tmp_path / "packed.onnx")
    body = json.loads(run("analyze", tmp_path / "packed.onnx", "--sparsity", "--json").stdout)
    (found,) = body["weights"]
    assert (found["name"], found["outputs"], found["inputs"], found["follows"]) == ("fc", 32, 8, "16x1")
    assert body["size"] == 256 and body["zeros"] == 240


def test_what_zeros_gain(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By times that were kept, in the pattern that gains most; else guessed; nothing where there are no zeros."""
    known: dict[str, Any] = {}
    monkeypatch.setattr("onnxprune.sparse.speeds.kept", lambda _: known)
    monkeypatch.setattr("onnxprune.sparse.speeds.conditions", lambda *_: "here")
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "")
    model = "g (float[2,8] x) => (float[2,32] y) <float[8,32] w, float[32,32] v> { h = MatMul(x, w) y = MatMul(h, v) }"
    proto = build(model)
    weight = numpy_helper.to_array(proto.graph.initializer[0]).copy()
    weight[:6] = 0
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, "w"))
    onnx.save(proto, tmp_path / "zeros.onnx")

    def shown() -> tuple[dict[str, Any] | None, str]:
        first, *others = json.loads(run("analyze", tmp_path / "zeros.onnx", "--sparsity", "--json").stdout)["weights"]
        assert all(weight["predicted"] is None for weight in others)
        return first["predicted"], run("analyze", tmp_path / "zeros.onnx", "--sparsity").stdout

    guess, text = shown()
    assert guess is not None and guess["rows"] == 2 and not guess["timed"] and guess["gain"] > 2
    assert "guessed from constants" in text
    points = {"4x1": [[0.5, 0.9], [0.8, 0.6]], "16x1": [[0.5, 0.7], [1.0, 0.2]]}
    known["MatMul 2x8 32"] = {"dense": 1e-6, "points": points}
    found, text = shown()
    assert found == {"rows": 2, "gain": round(1 / 0.45, 3), "timed": True}
    assert "by times that are kept on this machine" in text and "2.22" in text
    packed = load(tmp_path / "zeros.onnx")
    emit(packed, {"w": Pattern(16)}, "op")
    save(packed, tmp_path / "zeros.onnx")
    assert shown()[0] == found
