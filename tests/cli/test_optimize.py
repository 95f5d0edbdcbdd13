"""`onnxprune optimize` on small models: what it prints, writes and returns."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import pytest

from onnxprune.report import schema
from onnxprune.rewrite import shrink
from tests.cli.conftest import FREE_BATCH, UNKNOWN, Run, sentence, stored

QUICK = ("--no-bench",)


def test_prints_one_table_and_writes_the_model(run: Run, cnn: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.onnx"
    done = run("optimize", cnn, "-o", out, "--target", "macs=0.5")
    assert done.exit_code == 0 and done.stderr == ""
    rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert list(rows)[2:6] == ["parameters", "MACs", "bytes", "latency, median"]
    assert rows["MACs"].split()[1:3] == ["11.5", "M"] and rows["MACs"].endswith("%")
    assert rows["target"].split(maxsplit=1)[1].startswith("macs=0.5 met: ")
    assert "as fast (95 % interval" in rows["speed"]
    assert "cosine" in rows["fidelity"] and "agreement" in rows["fidelity"]
    assert "proved: the masked dense model equals the pruned one" in rows["proof"]
    assert "narrowed 2 of 2 groups" in rows["pass channels"]
    assert rows["written"].endswith(str(out))
    onnx.checker.check_model(out, full_check=True)
    assert out.stat().st_size < 0.6 * cnn.stat().st_size


def test_output_goes_beside_the_model_by_default(run: Run, cnn: Path) -> None:
    assert run("optimize", cnn, *QUICK).exit_code == 0
    assert sorted(p.name for p in cnn.parent.iterdir()) == ["model.onnx", "model.pruned.onnx"]


def test_json_is_the_report(run: Run, cnn: Path, tmp_path: Path) -> None:
    done = run("optimize", cnn, "--json", "--report", tmp_path / "report", "--target", "size=0.6")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    jsonschema.validate(report, schema())
    assert done.stdout == (tmp_path / "report" / "report.json").read_text(encoding="utf-8")
    assert report["target"]["quantity"] == "size" and report["target"]["met"]
    assert report["after"]["bytes"] == cnn.with_name("model.pruned.onnx").stat().st_size
    assert report["proof"]["status"] == "proved" and report["proof"]["error"] <= 1e-5
    assert report["latency"]["shapes"] == {"x": [1, 3, 16, 16]}


def test_report_folder_holds_three_files(run: Run, cnn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    done = run("optimize", cnn, "--report", folder, *QUICK)
    assert sorted(p.name for p in folder.iterdir()) == ["plan.json", "report.html", "report.json", "report.md"]
    assert all(str(folder / name) in done.stdout for name in ("plan.json", "report.html", "report.json", "report.md"))


def test_the_same_run_writes_the_same_bytes(run: Run, cnn: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        out = tmp_path / f"{name}.onnx"
        run("optimize", cnn, "-o", out, "--report", tmp_path / name, "--criterion", "random", "--seed", "7", *QUICK)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    assert (tmp_path / "one" / "plan.json").read_bytes() == (tmp_path / "two" / "plan.json").read_bytes()
    run("optimize", cnn, "-o", tmp_path / "three.onnx", "--criterion", "random", "--seed", "8", *QUICK)
    assert (tmp_path / "one.onnx").read_bytes() != (tmp_path / "three.onnx").read_bytes()


def test_a_plan_is_replayed(run: Run, cnn: Path, tmp_path: Path) -> None:
    run("optimize", cnn, "-o", tmp_path / "one.onnx", "--report", tmp_path / "one", "--target", "macs=0.4", *QUICK)
    plan = tmp_path / "one" / "plan.json"
    done = run("optimize", cnn, "-o", tmp_path / "two.onnx", "--plan", plan, "--report", tmp_path / "two", *QUICK)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    assert plan.read_bytes() == (tmp_path / "two" / "plan.json").read_bytes()
    assert "warning" not in done.output


def test_a_plan_of_another_file_is_replayed_with_a_warning(run: Run, cnn: Path, tmp_path: Path) -> None:
    run("optimize", cnn, "--report", tmp_path / "one", *QUICK)
    other = onnx.load(cnn)
    values = onnx.numpy_helper.to_array(other.graph.initializer[0])
    other.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(values + np.float32(1), "a"))
    onnx.save(other, tmp_path / "other.onnx")
    done = run("optimize", tmp_path / "other.onnx", "--plan", tmp_path / "one" / "plan.json", *QUICK)
    assert done.exit_code == 0
    assert done.stderr == "warning: the plan was made for another file of the same structure\n"


def test_the_plan_records_what_came_of_it(run: Run, cnn: Path, tmp_path: Path) -> None:
    run("optimize", cnn, "--report", tmp_path, *QUICK)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    measured = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["measured"]
    for side in ("before", "after"):
        assert measured[side]["macs"] == report[side]["macs"] and measured[side]["params"] == report[side]["params"]


def test_a_target_out_of_reach_exits_1_with_the_best_result(run: Run, cnn: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.onnx"
    done = run("optimize", cnn, "-o", out, "--target", "macs=0.001", *QUICK)
    assert done.exit_code == 1
    assert "target macs=0.001 not met: " in sentence(done) and str(out) in sentence(done)
    onnx.checker.check_model(out, full_check=True)
    assert "not tried hidden (--pass)" in " ".join(done.stdout.split())
    assert "a[1] (3 units) is locked by graph input 'x'" in done.stdout and "fc[0] (10 units)" in done.stdout
    assert json.loads(run("optimize", cnn, "--target", "macs=0.001", "--json", *QUICK).stdout)["target"]["met"] is False


def test_what_is_protected_stays_whole(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--protect", "a", "--protect", "b*", "--target", "macs=0.95", "--json", *QUICK)
    assert [g["id"] for g in json.loads(done.stdout)["groups"]] == ["c[0]"]


def test_a_misspelled_glob_is_told(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--protect", "nothing*", "--only", "c", "--target", "macs=0.95", *QUICK)
    assert done.stderr == "warning: --protect 'nothing*' matches no weight and no node that uses one\n"


def test_passes_with_options(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--pass", "channels{ratio=0.25}", "--align", "1", "--json", *QUICK)
    report = json.loads(done.stdout)
    assert {(g["before"], g["after"]) for g in report["groups"]} == {(64, 48), (96, 72)}
    assert report["target"] is None


def test_open_dimensions_get_the_sizes_asked_for(run: Run, tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    report = json.loads(run("optimize", model, "--dim", "batch=5", "--json").stdout)
    assert report["before"]["macs"] == 5 * (8 * 32 + 32 * 4)
    assert report["latency"]["shapes"] == {"x": [5, 8]}
    assert "--dim batch=5" in report["command"]


def test_what_was_not_asked_for_is_said(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--no-verify", "--no-bench")
    assert "skipped: not asked for" in done.stdout and "not measured: not asked for" in done.stdout
    assert "latency" not in done.stdout


def test_a_model_that_cant_run_is_pruned_unproved_and_says_so(run: Run, tmp_path: Path) -> None:
    done = run("optimize", stored(UNKNOWN, tmp_path / "unknown.onnx"))
    assert done.exit_code == 0 and done.stderr == ""
    assert "skipped: the source can't be run on random inputs" in done.stdout
    assert "Mystery (1 node)" in done.stdout


def test_a_failed_proof_writes_nothing(run: Run, cnn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sabotage(model: object, analysis: object, keep: object) -> object:
        changed = shrink(model, analysis, keep)  # type: ignore[arg-type]
        for tensor in model.graph.tensors().values():  # type: ignore[attr-defined]
            if tensor.name == "c":
                tensor.values = np.array(tensor.values) * 2
        return changed

    monkeypatch.setattr(import_module("onnxprune.pruning.variant"), "shrink", sabotage)
    out = tmp_path / "small.onnx"
    out.write_text("older")
    done = run("optimize", cnn, "-o", out, "--report", tmp_path / "report", *QUICK)
    assert done.exit_code == 3 and done.stdout == ""
    assert "failed its proof" in sentence(done) and "report" in sentence(done)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "small.onnx"]
    assert out.read_text() == "older"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    drawn = np.cumsum(np.random.default_rng(0).standard_normal((64, 3, 16, 16)), axis=2)
    np.savez(tmp_path / "calib.npz", x=drawn.astype(np.float32))
    return tmp_path / "calib.npz"


def test_a_limit_of_loss_decides_how_far_to_go(run: Run, cnn: Path, pictures: Path, tmp_path: Path) -> None:
    words = ("--data", pictures, "--max-loss", "0.5", "--report", tmp_path / "report", *QUICK)
    done = run("optimize", cnn, *words)
    assert done.exit_code == 0, done.output
    rows = {line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in done.stdout.splitlines() if "  " in line}
    assert rows["loss"].endswith(", within the limit of 50.0 %") and rows["tried"].count("macs=") >= 2
    assert "target" not in rows
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["loss"]["met"] and len(report["loss"]["trials"]) == rows["tried"].count("macs=")
    assert f"--max-loss 0.5 --data {pictures}" in report["command"]
    plan = tmp_path / "report" / "plan.json"
    again = run("optimize", cnn, "-o", tmp_path / "again.onnx", "--plan", plan, "--data", pictures, *QUICK)
    assert again.exit_code == 0 and "tried" not in again.stdout
    assert (tmp_path / "again.onnx").read_bytes() == cnn.with_name("model.pruned.onnx").read_bytes()


ZEROS = ("--pass", "sparsify{pattern=4x1,least=1000,ends=true}")


def test_a_limit_of_loss_decides_how_many_zeros_there_are(run: Run, cnn: Path, pictures: Path, tmp_path: Path) -> None:
    data = ("--data", pictures, *QUICK)
    done = run("optimize", cnn, *ZEROS, *data, "--max-loss", "0.5", "--report", tmp_path / "report", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["loss"]
    assert told["quantity"] == "sparsity" and told["met"] and len(told["trials"]) > 1
    assert told["aim"] == max(trial["target"] for trial in told["trials"] if trial["loss"] <= 0.5)
    page = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert f"found: sparsity={told['aim']:g}" in page.replace("\\", "")
    again = run("optimize", cnn, "-o", tmp_path / "again.onnx", "--plan", tmp_path / "report" / "plan.json", *data)
    assert again.exit_code == 0 and not again.stderr
    assert (tmp_path / "again.onnx").read_bytes() == cnn.with_name("model.pruned.onnx").read_bytes()


def test_zeros_over_the_limit_exit_1_with_the_fewest(run: Run, cnn: Path, pictures: Path) -> None:
    (cnn.parent / "worst.py").write_text("def worst(run, seen=[]): seen.append(1); return -len(seen)")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cnn.parent)
        words = ("--data", pictures, "--metric", "worst:worst", "--max-loss", "0.1", *QUICK)
        done = run("optimize", cnn, "-o", "small.onnx", *ZEROS, *words)
    assert done.exit_code == 1 and "over the limit of 10.0 %; the best result is written" in done.stderr
    assert "sparsity=0.02" in done.stdout and cnn.with_name("small.onnx").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--pass", "sparsify{pattern=2:4}"), "the pattern 2:4 always has 50% of them"),
        (("--pass", "sparsify{sparsity=0.5}"), "say that themselves (leave out sparsity)"),
        (("--pass", "sparsify", "--pass", "channels"), "units and zeros are both left open"),
        (
            ("--pass", "sparsify", "--target", "size=0.5"),
            "--target size=0.5: with these passes --max-loss searches for",
        ),
    ],
)
def test_where_nothing_says_how_zeros_could_be_searched_for(
    run: Run, cnn: Path, pictures: Path, words: tuple[str, ...], text: str
) -> None:
    done = run("optimize", cnn, *words, "--data", pictures, "--max-loss", "0.1")
    assert done.exit_code == 2 and text in sentence(done) and not cnn.with_name("model.pruned.onnx").exists()


def test_a_limit_or_target_out_of_reach_exits_1_with_the_best_result(run: Run, cnn: Path, pictures: Path) -> None:
    out = cnn.with_name("small.onnx")
    (cnn.parent / "worse.py").write_text("def worse(run, seen=[]): seen.append(1); return -len(seen)")
    words = ("optimize", cnn, "-o", out, "--target", "macs=0.3", "--no-verify", *QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cnn.parent)
        done = run(*words, "--metric", "worse:worse", "--max-loss", "0.1")
    assert done.exit_code == 1
    assert "target macs=0.3 not met: " in sentence(done) and str(out) in sentence(done)
    assert " and loss " in sentence(done) and "over the limit of 10.0 %" in sentence(done)
    onnx.checker.check_model(out, full_check=True)
    done = run("optimize", cnn, "-o", out, "--data", pictures, "--max-loss", "0", "--target", "macs=0.02", *QUICK)
    assert done.exit_code == 1 and "target macs=0.02 not met: " in done.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--max-loss", "0.01"], "--max-loss needs data to see the loss on (--data), or a metric"),
        (["--max-loss", "1", "--data", "random"], "--max-loss 1: should be a fraction, at least 0 and below 1"),
        (["--max-loss", "1%", "--data", "random"], "invalid value for '--max-loss'"),
        (["--metric", "mine:accuracy"], "needs a limit to it (--max-loss)"),
        (["--metric", "no_such_place:f", "--max-loss", "0.1"], "can't import no_such_place"),
    ],
)
def test_limits_that_make_no_sense_are_told(run: Run, cnn: Path, words: list[str], text: str) -> None:
    done = run("optimize", cnn, *words)
    assert (done.exit_code, done.stdout) == (2, "") and text in sentence(done)
    assert [p.name for p in cnn.parent.iterdir()] == ["model.onnx"]
