"""Every form of what a check found: read by what reads such forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from onnxprune.errors import InputError
from onnxprune.gate import Checked, Finding, State
from onnxprune.gate.views import FORMS, claim, commands, markdown, summarise, write
from onnxprune.runtime.environment import environment

FOUND = Checked(
    model="models/my net.onnx",
    baseline="baseline.json",
    dense="model.onnx",
    met=False,
    undecided_fails=False,
    environment=environment(),
    findings=[
        Finding("size.ratio", State.MET, "2 MiB", "1 MiB", "at most 1 x", "the file: 1 MiB is 50.0 % of 2 MiB"),
        Finding(
            "ops.new", State.NOT_MET, "2 ops", "Bad|<Op>_*", "none", "operators: Bad|<Op>_*\x01 isn't in: 100 %, a\nb"
        ),
        Finding("latency.ratio", State.UNDECIDED, "1 ms", "1 ms", "at most 1.02 x", "latency: not decided within 1 s"),
    ],
    latency=None,
    fidelity=None,
    data=None,
    warnings=["calib.npz: has changed"],
)
STRICT = replace(FOUND, undecided_fails=True)
GOOD = replace(FOUND, findings=FOUND.findings[::2], met=True, warnings=[])


def test_junit() -> None:
    root = ET.fromstring(FORMS["junit"](FOUND))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [(case.get("name"), case[0].tag) for case in suite] == [
        ("size.ratio", "system-out"), ("ops.new", "failure"), ("latency.ratio", "skipped")
    ]  # fmt: skip
    assert "Bad|<Op>_*?" in str(suite[1][0].get("message")) and suite[0].get("classname") == "models/my net.onnx"
    strict = ET.fromstring(FORMS["junit"](STRICT))
    assert strict.get("failures") == "2" and strict[0][2][0].get("type") == "undecided"


def test_github_annotations() -> None:
    error, warning, changed = commands(FOUND)
    assert error == (
        "::error file=models/my net.onnx,title=onnxprune gate%3A ops.new::"
        "operators: Bad|<Op>_*\x01 isn't in: 100 %25, a%0Ab"
    )
    assert warning.startswith("::warning file=") and changed.endswith("::calib.npz: has changed")
    assert [line.split()[0] for line in commands(STRICT)] == ["::error", "::error", "::warning"]
    assert list(commands(GOOD))[-1].endswith("::met: 2 limits, latency.ratio undecided")


def test_the_summary_of_a_step_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    summarise(FOUND)
    assert summary.read_text().startswith("before\n### ❌ `my net.onnx`: gate not met: 1 of 3 limits")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(InputError, match="summary can't be written"):
        summarise(FOUND)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    summarise(FOUND)


def test_markdown() -> None:
    lines = markdown(FOUND).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 5 and all(row.replace("\\|", "").count("|") == 6 for row in rows)
    assert "❌ not met" in rows[3] and "Bad\\|&lt;Op>\\_\\*" in rows[3] and "❔ undecided" in rows[4]
    assert "- latency: not decided within 1 s" in lines and "- warning: calib.npz: has changed" in lines
    assert markdown(GOOD).startswith("### ✅ `my net.onnx`: gate met: 2 limits")


def test_sarif() -> None:
    log = json.loads(FORMS["sarif"](FOUND))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0" and [r["kind"] for r in run["results"]] == ["pass", "fail", "open"]
    assert [r["level"] for r in run["results"]] == ["none", "error", "none"]
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "models/my%20net.onnx"
    absolute = json.loads(FORMS["sarif"](replace(FOUND, model=str(Path("/a b/m.onnx")))))
    assert "file:///a%20b/m.onnx" in json.dumps(absolute)
    assert json.loads(FORMS["sarif"](STRICT))["runs"][0]["results"][2]["level"] == "error"


def test_gitlab() -> None:
    entries = json.loads(FORMS["gitlab"](FOUND))
    assert [(e["severity"], e["check_name"]) for e in entries] == [
        ("major", "onnxprune gate: ops.new"), ("info", "onnxprune gate: latency.ratio")
    ]  # fmt: skip
    assert all(set(e) == {"description", "check_name", "fingerprint", "severity", "location"} for e in entries)
    assert entries[0]["location"] == {"path": "models/my net.onnx", "lines": {"begin": 1}}
    assert len({e["fingerprint"] for e in entries}) == 2
    assert json.loads(FORMS["gitlab"](replace(GOOD, findings=GOOD.findings[:1]))) == []


def test_files_are_written_whole_or_refused_beforehand(tmp_path: Path) -> None:
    files = {form: tmp_path / f"gate.{form}" for form in FORMS}
    claim(files)
    assert write(FOUND, {**files, "markdown": None}) == [files[form] for form in ("junit", "sarif", "gitlab")]
    assert files["junit"].read_text(encoding="utf-8") == FORMS["junit"](FOUND)
    for bad in (tmp_path, tmp_path / "none" / "gate.xml"):
        with pytest.raises(InputError, match="can't be written"):
            claim({"junit": bad})
