"""baseline.json: what is recorded, that it is read back, and what isn't one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxprune import gate
from onnxprune.errors import InputError


def test_what_is_recorded(model: Path, baseline: Path) -> None:
    found = gate.read(baseline)
    assert found.model.path == "model.onnx" and found.model.sha256 == [hashlib.sha256(model.read_bytes()).hexdigest()]
    figures = found.figures
    assert (figures.bytes, figures.params, figures.macs) == (model.stat().st_size, 192, 192)
    assert figures.peak_memory and figures.ops == {"MatMul": 2, "Relu": 1} and figures.opsets == {"ai.onnx": 21}
    assert [(p.name, p.type, p.shape) for p in figures.inputs + figures.outputs] == [
        ("x", "tensor(float)", [1, 8]), ("y", "tensor(float)", [1, 4])
    ]  # fmt: skip
    assert found.data is None and found.environment.threads == 1


def test_it_is_read_as_it_was_written(model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.zeros((5, 8), np.float32))
    made = gate.record(model, tmp_path / "b.json", data=str(tmp_path / "calib.npy"), samples=3, threads=2)
    assert gate.read(tmp_path / "b.json") == made and made.data is not None and made.data.samples == 3


def test_the_model_is_found_from_where_the_baseline_is(model: Path, tmp_path: Path) -> None:
    (tmp_path / "gates").mkdir()
    made = gate.record(model, tmp_path / "gates" / "b.json")
    assert made.model.path == "../model.onnx" and made.model_path(tmp_path / "gates").samefile(model)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda b: b.pop("figures"), "figures is missing"),
        (lambda b: b["figures"].update(params="many"), "figures.params has a value of the wrong type"),
        (lambda b: b["figures"]["inputs"][0].pop("type"), "figures.inputs[0].type is missing"),
        (lambda b: b["conditions"].update(dims=[1]), "conditions.dims has a value of the wrong type"),
        (lambda b: b.update(data={}), "data.name is missing"),
        (lambda b: b.update(version=2), "is of a newer version of onnxprune"),
    ],
)
def test_what_is_no_baseline(baseline: Path, change: Any, told: str) -> None:
    body = json.loads(baseline.read_text())
    change(body)
    baseline.write_text(json.dumps(body))
    with pytest.raises(InputError) as caught:
        gate.read(baseline)
    assert told in str(caught.value) and str(baseline) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "3", "\xff"])
def test_what_is_no_json_object(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="baseline"):
        gate.read(tmp_path / "b.json")


def test_files_that_are_not_there(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gate record"):
        gate.read(tmp_path / "none.json")
    with pytest.raises(InputError, match="can't be written"):
        gate.record(model, tmp_path / "none" / "b.json")
    with pytest.raises(InputError, match="no such file"):
        gate.record(tmp_path / "none.onnx", tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()
