"""`onnxprune explain`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run, sentence


def test_one_axis(run: Run, cnn: Path) -> None:
    done = run("explain", cnn, "b[0]")
    assert done.exit_code == 0 and done.stderr == ""
    assert done.stdout.splitlines() == [
        "b[0] = c",
        "",
        "c: 64 units, group a[0], exact",
        "  a[0] = c",
        "  abias[0] = c",
        "  b[0] = c",
        "  b[1] = c",
        "  bbias[0] = c",
        "  c[1] = c",
    ]


def test_a_whole_tensor_with_a_lock(run: Run, cnn: Path) -> None:
    shown = run("explain", cnn, "a").stdout
    assert shown.startswith("a[0] = c\na[1] = 3\na[2] = 3\na[3] = 3\n")
    assert "3: 3 units, group a[1], locked\n  locked by 'x': graph input; this is what the model takes" in shown


def test_a_group(run: Run, cnn: Path) -> None:
    assert "c: 96 units, group c[0], exact\n  c[0] = c\n  fc[1] = c\n" in run("explain", cnn, "c[0]").stdout


def test_how_two_axes_are_coupled(run: Run, cnn: Path) -> None:
    lines = run("explain", cnn, "a[0]", "c[1]").stdout.splitlines()
    assert lines[0] == "a[0] = c and c[1] = c share c (64 units)"
    path = [line.split() for line in lines[4:]]
    assert path[0] == ["a[0]"] and path[-1][:2] == ["is", "c[1]"]
    assert all(step[-2] in ("Conv", "Add") for step in path[1:])


def test_two_axes_that_are_apart(run: Run, cnn: Path) -> None:
    done = run("explain", cnn, "a[0]", "fc")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == (
        "a[0] and fc are not coupled: they meet in Conv 'u', which sums over the units of a[0] to make those of fc[1]"
    )
    assert {"a[0] = c", "fc[0] = 10", "fc[1] = c1"} == set(done.stdout.splitlines()[2:])


def test_a_computed_tensor_and_a_run(run: Run, cnn: Path) -> None:
    assert run("explain", cnn, "a[0][3:5]", "t").stdout.startswith("a[0][3:5] = c and t[1] = c share c (64 units)\n")
    assert "the axis has 64 units" in sentence(run("explain", cnn, "a[0][60:70]"))


def test_what_is_not_there(run: Run, cnn: Path) -> None:
    done = run("explain", cnn, "abais")
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence(done) == "error: no tensor, axis, node or group 'abais'; did you mean abias or abias[0] or bbias?"
    assert "'onnxprune analyze' lists the groups" in sentence(run("explain", cnn, "encoder.weight"))


def test_json_of_one_axis(run: Run, cnn: Path) -> None:
    found = json.loads(run("explain", cnn, "a", "--json").stdout)
    assert found["axes"][:2] == [{"site": "a[0]", "term": "c"}, {"site": "a[1]", "term": "3"}]
    stream = next(group for group in found["groups"] if group["id"] == "a[0]")
    assert (stream["units"], stream["state"], stream["locked"]) == (64, "exact", [])
    assert {"site": "c[1]", "term": "c"} in stream["members"] and (found["pairs"], found["apart"]) == ([], "")
    (locked, *_) = next(group for group in found["groups"] if group["id"] == "a[1]")["locked"]
    assert "graph input" in locked["cause"] and "what the model takes" in locked["advice"]


def test_json_of_two_axes(run: Run, cnn: Path) -> None:
    (pair,) = json.loads(run("explain", cnn, "a[0]", "c[1]", "--json").stdout)["pairs"]
    assert pair["groups"] == ["a[0]"] and pair["path"][0]["before"] == "a[0]" and pair["path"][-1]["after"] == "c[1]"
    apart = json.loads(run("explain", cnn, "a[0]", "fc", "--json").stdout)
    assert apart["pairs"] == [] and "they meet in Conv 'u'" in apart["apart"]
