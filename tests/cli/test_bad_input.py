"""Bad usage and bad input: exit code 2, one clear sentence on stderr, nothing written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import onnx
import pytest

from tests.cli.conftest import LOCKED, Run, sentence, stored

OPTIONS = [
    (["--target", "macs"], "target 'macs' is not one of macs=FRACTION"),
    (["--target", "speed=0.5"], "target 'speed=0.5' is not one of"),
    (["--target", "macs=1.5"], "fraction to keep must be above 0 and at most 1"),
    (["--target", "macs=nan"], "fraction to keep"),
    (["--criterion", "best"], "no criterion 'best'; there are "),
    (["--aggregate", "most"], "no aggregation 'most'; there are sum, mean, max, min, prod"),
    (
        ["--aggregate", "max", "--criterion", "obs"],
        "'obs' has no values of single members to aggregate as 'max'; these",
    ),
    (["--budget", "best"], "no budget 'best'; there are "),
    (["--pass", "layers"], "no pass 'layers'; there are channels"),
    (["--pass", "channels{ratio=2}"], "ratio must be at least 0 and below 1"),
    (["--pass", "channels{colour=red}"], "no option 'colour'"),
    (["--pass", "channels{ratio=0.5"], "is not spelled NAME"),
    (["--align", "wide"], "--align wide: should be auto or a positive whole number"),
    (["--align", "0"], "--align 0"),
    (["--dim", "batch"], "--dim batch: should read NAME=N"),
    (["--dim", "batch=0"], "--dim batch=0"),
    (["--dim", "batch=4"], "no dynamic axis 'batch'"),
    (["--provider", "tpu"], "--provider tpu: the installed ONNX Runtime has only cpu"),
    (["--threads", "0"], "'--threads'"),
    (["--threads", "many"], "'--threads'"),
    (["--seed", "-1"], "'--seed'"),
    (["--plan", "nowhere.json"], "nowhere.json: can't be read"),
    (["--frobnicate"], "no such option"),
    (["--only", "nothing"], "take none of its"),
]


@pytest.mark.parametrize(("words", "text"), OPTIONS, ids=lambda value: value if isinstance(value, str) else value[-1])
def test_bad_options(run: Run, cnn: Path, words: list[str], text: str) -> None:
    done = run("optimize", cnn, *words, "--report", cnn.parent / "report")
    if words[0] == "--only":
        assert "warning: --only" not in done.stderr
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in sentence(done) and sentence(done).startswith("error: ")
    assert [p.name for p in cnn.parent.iterdir()] == ["model.onnx"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _text(path: Path) -> None:
    path.write_text("this is no model")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _newer(path: Path) -> None:
    proto = onnx.load(path)
    proto.opset_import[0].version = 10**4
    path.write_bytes(proto.SerializeToString())


def _undefined(path: Path) -> None:
    proto = onnx.load(path)
    proto.graph.node[1].input[0] = "nobody"
    path.write_bytes(proto.SerializeToString())


def _data_elsewhere(path: Path) -> None:
    proto = onnx.load(path)
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    path.write_bytes(proto.SerializeToString())


MODELS = [
    (Path.unlink, "no such file"),
    (_text, "not an ONNX file, or cut short"),
    (_empty, "not an ONNX file"),
    (_cut, "cut short"),
    (_folder, "is a folder without an ONNX file"),
    (_newer, "opset 10000 is newer than the newest supported"),
    (_undefined, "nobody"),
    (_data_elsewhere, "points outside the model's folder"),
]


@pytest.mark.parametrize(("damage", "text"), MODELS, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize("command", ["optimize", "analyze", "compare", "explain"])
def test_bad_models(run: Run, cnn: Path, command: str, damage: object, text: str) -> None:
    damage(cnn)  # type: ignore[operator]
    done = run(command, cnn, *{"compare": [cnn], "explain": ["a"]}.get(command, []))
    assert (done.exit_code, done.stdout) == (2, "")
    said = sentence(done)
    assert text in said or (command == "compare" and "could not load" in said)
    assert [p.name for p in cnn.parent.iterdir()] in ([], ["model.onnx"])


def test_nothing_to_prune(run: Run, tmp_path: Path) -> None:
    done = run("optimize", stored(LOCKED, tmp_path / "locked.onnx"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nothing to prune: all of its 2 groups are locked, for instance by 'x': graph input" in sentence(done)
    assert [p.name for p in tmp_path.iterdir()] == ["locked.onnx"]


def test_output_must_not_be_the_input(run: Run, cnn: Path) -> None:
    before = cnn.read_bytes()
    (cnn.parent / "link.onnx").symlink_to(cnn)
    for out in (cnn, cnn.parent / "link.onnx"):
        done = run("optimize", cnn, "-o", out)
        assert done.exit_code == 2 and "the output is the input" in sentence(done)
    assert cnn.read_bytes() == before


@pytest.mark.parametrize("out", ["nowhere/small.onnx", "."])
def test_output_must_be_a_file_in_a_folder(run: Run, cnn: Path, out: str) -> None:
    done = run("optimize", cnn, "-o", cnn.parent / out)
    assert done.exit_code == 2 and ("does not exist" in sentence(done) or "is a folder" in sentence(done))


def test_a_full_disk(run: Run, cnn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = cnn.parent / "small.onnx"
    out.write_text("older")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    done = run("optimize", cnn, "-o", out, "--report", cnn.parent / "report", "--data", "none")
    assert done.exit_code == 2 and "No space left on device" in sentence(done) and str(out) in sentence(done)
    assert out.read_text() == "older" and sorted(p.name for p in cnn.parent.iterdir()) == ["model.onnx", "small.onnx"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(run: Run, cnn: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = run("optimize", cnn, "-o", closed / "small.onnx")
    assert done.exit_code == 2 and "can't be written" in sentence(done)


@pytest.mark.parametrize("taken", ["report", "report/inside"])
def test_a_report_needs_a_folder_before_the_work_starts(run: Run, cnn: Path, tmp_path: Path, taken: str) -> None:
    (tmp_path / "report").write_text("a file")
    done = run("optimize", cnn, "--report", tmp_path / taken)
    assert done.exit_code == 2 and "can't hold a report" in sentence(done)
    assert not cnn.with_name("model.pruned.onnx").exists()


PLANS = [
    ("[]", "not a plan"),
    ("{", "no JSON"),
    ('{"version": 99, "groups": []}', "not a plan of version"),
    ('{"version": 1, "groups": [], "model": 3}', "not a plan of version"),
    ('{"version": 1, "groups": [{"id": "a[0]", "size": 64, "kept": []}]}', "no usable id, size and kept units"),
    ('{"version": 1, "groups": [{"id": "a[0]", "size": 64, "kept": [99]}]}', "no usable id, size and kept units"),
    ('{"version": 1, "groups": [{"id": "a[0]", "size": 2, "kept": [0], "score": ["x", "y"]}]}', "no usable id"),
    ('{"version": 1, "groups": [{"id": "z[0]", "size": 64, "kept": [0]}]}', "'z[0]' of 64 units is not in this model"),
    ('{"version": 1, "groups": [{"id": "a[0]", "size": 65, "kept": [0]}]}', "'a[0]' of 65 units is not in this model"),
]


@pytest.mark.parametrize(("text", "reason"), PLANS)
def test_bad_plans(run: Run, cnn: Path, tmp_path: Path, text: str, reason: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    done = run("optimize", cnn, "--plan", plan)
    assert done.exit_code == 2 and reason in sentence(done)
    assert not cnn.with_name("model.pruned.onnx").exists()


def test_a_plan_thats_whole_but_binary(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--plan", cnn)
    assert done.exit_code == 2 and "not a plan" in sentence(done)
    assert json.dumps("Traceback") not in done.output
