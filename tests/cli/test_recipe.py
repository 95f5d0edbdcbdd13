"""`onnxprune optimize --recipe` and `onnxprune init`: exit codes, what is printed, and the same bytes again."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import jsonschema
import onnx
import pytest

from onnxprune.report import schema
from tests.cli.conftest import Run, launch, sentence
from tests.recipe.made import PRODUCTS, place

STAGED = """
data = "calib.npz"
report = "report"
bench = false
[[stage]]
kind = "prune"
target = "macs=0.7"
[[stage]]
kind = "sparsify"
sparsity = 0.4
least = 100
[[stage]]
kind = "quantise"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one is in, with a model, data and a recipe."""
    place(tmp_path, PRODUCTS)
    (tmp_path / "recipe.toml").write_text(STAGED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_tells_every_stage(run: Run, folder: Path) -> None:
    done = run("optimize", "model.onnx", "--recipe", "recipe.toml", "--target", "size=0.4")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    stages = [line.split()[:2] for line in lines if line[:1].isdigit()]
    assert stages == [["1", "prune"], ["2", "sparsify"], ["3", "quantise"]]
    assert any("static, weights int8, activations uint8: 2 Gemm, 1 MatMul" in line for line in lines)  # repair's biases
    assert any(line.startswith("target") and "size=0.4 met" in line for line in lines)
    assert any(line.startswith("proof") and line.endswith("; of stages 1, 2") for line in lines)
    report = json.loads((folder / "report" / "report.json").read_text())
    jsonschema.validate(report, schema())
    assert [stage["kind"] for stage in report["stages"]] == ["prune", "sparsify", "quantise"]
    assert report["stages"][0]["settings"] == {"data": "calib.npz", "target": "macs=0.7"}
    assert report["stages"][2]["after"] == report["after"]
    assert report["stages"][2]["quantised"]["data"]["samples"] == 32  # the other 8 judge
    page = (folder / "report" / "report.md").read_text()
    assert "| 3 quantise | static, weights int8" in page
    plan = json.loads((folder / "report" / "plan.json").read_text())
    assert [stage["kind"] for stage in plan["stages"]] == ["prune", "sparsify", "quantise"]
    assert plan["stages"][0]["did"]["groups"] and plan["stages"][1]["did"]["sparse"]
    assert plan["stages"][2]["did"]["nodes"] == {"Gemm": 2, "MatMul": 1}
    onnx.checker.check_model(folder / "model.pruned.onnx", full_check=True)


@pytest.mark.parametrize(
    ("kind", "above", "told"),
    [
        ("quantise", "", None),
        ("prune", 'data = "calib.npz"', None),
        ("prune", 'data = "random"', None),  # of which there is a warning
        ("prune", 'data = "none"', "weights alone decided"),
        ("prune", "", "random inputs decided"),
    ],
)
def test_data_are_missed_where_something_goes(run: Run, folder: Path, kind: str, above: str, told: str | None) -> None:
    (folder / "recipe.toml").write_text(f'bench = false\n{above}\n[[stage]]\nkind = "{kind}"\n')
    done = run("optimize", "model.onnx", "--recipe", "recipe.toml")
    lines = [line for line in done.stdout.splitlines() if line.startswith("no data")]
    assert done.exit_code == 0 and len(lines) == (told is not None) and (told or "") in "".join(lines)


def test_the_reports_command_does_the_same_again(run: Run, folder: Path) -> None:
    run("optimize", "model.onnx", "--recipe", "recipe.toml", "--seed", "3", "--protect", "c", "--target", "size=0.5")
    command = json.loads((folder / "report" / "report.json").read_text())["command"]
    assert command.endswith("--recipe recipe.toml --seed 3 --protect c --target size=0.5")
    first = (folder / "model.pruned.onnx").read_bytes()
    assert run(*shlex.split(command)[1:]).exit_code == 0
    assert (folder / "model.pruned.onnx").read_bytes() == first


def test_a_stages_plan_is_not_for_optimize(run: Run, folder: Path) -> None:
    run("optimize", "model.onnx", "--recipe", "recipe.toml")
    done = run("optimize", "model.onnx", "--plan", "report/plan.json")
    assert done.exit_code == 2 and "plan.json: is the plan of a recipe with stages" in sentence(done)


def test_the_same_bytes_wherever_one_is_and_however_sets_are_ordered(folder: Path) -> None:
    """By two processes: here, and in a copy of the folder, from the folder above."""
    copy = shutil.copytree(folder, folder.with_name(f"{folder.name}-copy"))
    found = []
    for seed, (cwd, where) in enumerate([(folder, folder), (copy.parent, copy)]):
        near = Path(os.path.relpath(where, cwd))
        words = ("optimize", near / "model.onnx", "-o", near / "out.onnx", "--recipe", near / "recipe.toml")
        done = launch(*words, cwd=cwd, env={**os.environ, "PYTHONHASHSEED": str(seed)})
        assert done.returncode == 0, done.stderr
        found.append([(where / name).read_bytes() for name in ("out.onnx", "report/plan.json")])
    assert found[0] == found[1]


def test_exit_code_1_names_what_was_missed(run: Run, folder: Path) -> None:
    (folder / "recipe.toml").write_text(STAGED[: STAGED.index('[[stage]]\nkind = "sparsify')].replace("0.7", "0.001"))
    done = run("optimize", "model.onnx", "--recipe", "recipe.toml", "--target", "size=0.0001", "--max-loss", "0")
    assert done.exit_code == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("target size=0.0001 not met: ") and " and loss " in last
    assert " and stage 1 (prune) target macs=0.001 not met: " in last and "model.pruned.onnx" in last


def test_options_win_over_a_recipe_without_stages(run: Run, folder: Path) -> None:
    (folder / "recipe.toml").write_text('target = "macs=0.9"\noutput = "small.onnx"\nbench = false\nverify = false\n')
    done = run("optimize", "model.onnx", "--recipe", "recipe.toml", "--json")
    report = json.loads(done.stdout)
    assert report["target"]["fraction"] == 0.9 and report["proof"]["status"] == "skipped" and not report["stages"]
    assert (folder / "small.onnx").exists()
    done = run(
        "optimize", "model.onnx", "--recipe", "recipe.toml", "--target", "macs=0.6", "-o", "other.onnx", "--json"
    )
    assert json.loads(done.stdout)["target"]["fraction"] == 0.6 and (folder / "other.onnx").exists()


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        (None, (), "recipe.toml: No such file or directory"),
        ("targt = 1", (), "recipe.toml: there is no key 'targt'; did you mean target"),
        ("seed = -1", (), "recipe.toml: seed should be a whole number from 0, but is -1"),
        ('data = "none.npz"', (), "none.npz: no such file or folder"),
        ('provider = "cuda"', (), "recipe.toml: the provider 'cuda' is not in the installed ONNX Runtime"),
        ('output = "model.onnx"', (), "model.onnx: the output is the input"),
        ('output = "none/out.onnx"', (), "the folder 'none' does not exist"),
        (STAGED, ("--criterion", "l1"), "recipe.toml: there are stages, so 'criterion' belongs into one of them"),
        (STAGED.replace("0.4", "1.5"), (), "recipe.toml, stage 2 (sparsify): sparsity should be a number above 0"),
        (STAGED + 'ops = ["Softmax"]', (), "stage 3 (quantise): nothing in the model can be quantised"),
        (STAGED.replace("calib", "none"), (), "none.npz: no such file or folder"),
        ('file = ["a*"]', (), "--file a*: chooses models of a directory, and model.onnx is none"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    run: Run, folder: Path, text: str | None, words: tuple[str, ...], told: str
) -> None:
    (folder / "recipe.toml").unlink() if text is None else (folder / "recipe.toml").write_text(text)
    before = sorted(folder.rglob("*"))
    done = run("optimize", "model.onnx", "--recipe", "recipe.toml", *words)
    assert (done.exit_code, done.stdout) == (2, "") and told in sentence(done)
    assert sorted(folder.rglob("*")) == before


def test_init(run: Run, folder: Path) -> None:
    (folder / "recipe.toml").unlink()
    assert run("init").stdout == "written  recipe.toml\n         recipe.schema.json\n"
    assert run("optimize", "model.onnx", "--recipe", "recipe.toml", "--no-bench").exit_code == 0
    (folder / "recipe.toml").write_text("mine")
    done = run("init")
    assert done.exit_code == 2 and sentence(done) == "error: recipe.toml: is there already"
    assert (folder / "recipe.toml").read_text() == "mine"
    assert run("init", "--force").exit_code == 0 and (folder / "recipe.toml").read_text() != "mine"
    assert run("init", "-o", "second.toml").stdout == "written  second.toml\n"  # the schema is there and the same
    (folder / "recipe.schema.json").write_text("{}")
    assert "recipe.schema.json: is there already" in sentence(run("init", "-o", "third.toml"))
    assert not (folder / "third.toml").exists()
    run("init", "-o", "third.toml", "--no-schema")
    assert not (folder / "third.toml").read_text().startswith("#:schema")
    assert "can't be written" in sentence(run("init", "-o", "no/where.toml"))
