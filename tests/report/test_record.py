"""report.json: what it says, that its schema says the same, and that it is always JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import shlex
from dataclasses import replace
from pathlib import Path

import jsonschema
import onnx
import pytest
from typer.testing import CliRunner

from onnxprune.cli import app
from onnxprune.pruning import Options, Plan, Result, Target, optimize
from onnxprune.report import Report, command, schema, summarize
from onnxprune.report.findings import findings
from onnxprune.report.inside import look
from onnxprune.report.record import Interval
from onnxprune.runtime.verify import Proof
from tests.nets import CNN
from tests.oracle import build


def test_it_fits_its_schema(report: Report, result: Result) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    for record in (report, replace(report, details=look(result))):
        jsonschema.validate(json.loads(record.to_json()), schema())


def test_the_schema_knows_every_field_and_no_other(report: Report, result: Result) -> None:
    def compare(record: object, described: dict[str, object]) -> None:
        while "$ref" in described or "anyOf" in described:
            target = described.get("$ref") or described["anyOf"][0]["$ref"]  # type: ignore[index]
            described = schema()["$defs"][str(target).rsplit("/", 1)[-1]]
        assert dataclasses.is_dataclass(record) and described["additionalProperties"] is False
        names = [f.name for f in dataclasses.fields(record)]
        assert names == list(described["properties"]) == described["required"]  # type: ignore[call-overload]
        for name in names:
            value = getattr(record, name)
            inner = described["properties"][name]  # type: ignore[index]
            if dataclasses.is_dataclass(value):
                compare(value, inner)
            elif isinstance(value, list) and value and dataclasses.is_dataclass(value[0]):
                compare(value[0], inner["items"])

    assert report.latency and report.fidelity and report.target and report.passes and report.groups and report.locked
    compare(replace(report, details=look(result)), schema())


def test_what_it_says(report: Report, result: Result) -> None:
    source, output = Path(report.source.path), Path(report.outputs[0].path)
    assert report.source.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert report.outputs[0].bytes == output.stat().st_size == report.after.bytes
    assert report.target is not None and report.target.met and report.target.left == result.fraction <= 0.5
    assert report.target.left == report.after.macs / report.before.macs
    (only,) = report.passes
    assert (only.name, only.offered, only.narrowed) == ("channels", 2, len(report.groups))
    assert only.units_before - only.units_after == sum(g.before - g.after for g in report.groups)
    assert report.latency is not None and report.latency.rounds >= 3
    assert report.environment.threads == 1 and report.environment.cpu and report.not_measured == ""


def test_the_command_does_the_same_again(result: Result, report: Report, tmp_path: Path) -> None:
    words = shlex.split(report.command)
    assert words[:2] == ["onnxprune", "optimize"]
    out = tmp_path / "again.onnx"
    words[words.index("-o") + 1] = str(out)
    assert CliRunner().invoke(app, [*words[1:], "--no-bench"]).exit_code == 0
    assert out.read_bytes() == result.output.read_bytes()


def test_the_command_has_every_option() -> None:
    options = Options(
        passes=("heads{ratio=0.25}",), protect=("a*",), only=("b",), plan=Path("p.json"), align=8, seed=3,
        verify=False, bench=False, threads=2, data={"batch": 4},
    )  # fmt: skip
    made = Result(
        Path("in.onnx"), Path("o ut.onnx"), options, Plan({}, [], {}), Proof("skipped"), 1.0, True, {}, {}, []
    )
    made.target = Target("params", 0.25)
    assert command(made) == (
        "onnxprune optimize in.onnx -o 'o ut.onnx' --target params=0.25 --pass 'heads{ratio=0.25}' --protect 'a*' "
        "--only b --dim batch=4 --plan p.json --criterion group_l2 --budget roofline --repair none --align 8 "
        "--provider cpu --threads 2 --seed 3 --no-verify --no-bench"
    )
    made.options = replace(options, calibration="calib.npz", samples=64, preprocess=Path("p.toml"))
    assert "--data calib.npz --samples 64 --preprocess p.toml --criterion obs" in command(made)
    made.options = replace(options, criterion="l1", aggregate="max")
    assert "--criterion l1 --aggregate max --budget" in command(made)


def test_infinite_measures_are_null(report: Report) -> None:
    assert report.fidelity is not None and report.latency is not None
    worst = replace(report.fidelity.worst, relative=math.inf, max_abs=math.nan)
    body = json.loads(replace(report, fidelity=replace(report.fidelity, worst=worst)).to_json())
    assert body["fidelity"]["worst"]["relative"] is None and body["fidelity"]["worst"]["max_abs"] is None
    jsonschema.validate(body, schema())
    coarse = replace(report.latency, speedup=Interval(None, None, None))
    jsonschema.validate(json.loads(replace(report, latency=coarse).to_json()), schema())


def test_what_was_not_measured_is_null(result: Result) -> None:
    quiet = replace(result, measured=None, target=None)
    body = json.loads(summarize(quiet).to_json())
    assert body["latency"] is body["fidelity"] is body["target"] is None and body["not_measured"] == "not asked for"
    jsonschema.validate(body, schema())


def test_the_schema_refuses_what_is_no_report(report: Report) -> None:
    body = json.loads(report.to_json())
    for change in ({"version": 2}, {"extra": 1}, {"proof": {**body["proof"], "status": "failed"}}, {"before": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**body, **change}, schema())


def test_random_inputs_that_nobody_asked_for_are_told_of(tmp_path: Path) -> None:
    onnx.save(build(CNN), tmp_path / "model.onnx")
    told = {}
    for made_up, data in ((True, None), (False, "random")):
        options = Options(bench=False, made_up=made_up, calibration=data)
        report = summarize(optimize(tmp_path / "model.onnx", tmp_path / "small.onnx", options))
        told[made_up, data] = (report.made_up, [label for label, _ in findings(report) if label == "no data"])
    assert told[True, None] == (True, ["no data"]) and told[False, "random"] == (False, [])
