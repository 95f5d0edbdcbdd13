"""The coverage zoo's harness: lists, exports and rows in processes of their own, what is kept, the page."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tools import worker
from tools.forked import Limits
from tools.results import Results, program
from tools.zoo import __main__ as command
from tools.zoo import export, lists, outcome, page, row, survey
from tools.zoo.entry import FAMILIES, Entry
from tools.zoo.survey import Effort

HEADER = '<ir_version: 9, opset_import: ["" : 18]> g'


def _write(text: str, weights: dict[str, tuple[int, ...]], file: Path) -> None:
    random = np.random.default_rng(0)
    model = onnx.parser.parse_model(f"{HEADER} {text}")
    for name, shape in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name))
    onnx.save(model, file)


def _two_layers(file: Path) -> None:
    text = "(float[4, 16] x) => (float[4, 8] y) { a = MatMul (x, w) b = Relu (a) y = MatMul (b, v) }"
    _write(text, {"w": (16, 64), "v": (64, 8)}, file)


def _locked(file: Path) -> None:
    _write("(float[4, 16] x) => (float[4, 64] y) { y = MatMul (x, w) }", {"w": (16, 64)}, file)


def _entry(make: Callable[[Path], None], name: str = "test.net", **more: Any) -> Entry:
    return Entry(name, "recurrent", make, **more)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    return tmp_path


def test_every_entry_can_be_told_apart_and_be_a_file() -> None:
    found = lists.entries()
    assert len({entry.name for entry in found}) == len(found) > 200
    assert all(re.fullmatch(r"[\w.@-]+", entry.name, re.ASCII) for entry in found)
    assert [FAMILIES.index(entry.family) for entry in found] == sorted(FAMILIES.index(entry.family) for entry in found)
    assert lists.named("timm.resnet10t").family == "timm"
    with pytest.raises(ValueError, match="x: no family birds"):
        Entry("x", "birds", _locked)


def test_lists_import_no_framework() -> None:
    code = "import sys, tools.zoo.lists as l; l.entries(); print({'torch', 'timm', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_two_entries_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice:
        @staticmethod
        def entries() -> list[Entry]:
            return [_entry(_locked), _entry(_locked)]

    monkeypatch.setattr(lists, "import_module", lambda _: Twice)
    with pytest.raises(ValueError, match=r"two entries have the name test\.net"):
        lists.entries()


def test_choice_by_name_and_family() -> None:
    assert {entry.name for entry in lists.chosen("trained.mtcnn_?net")} == {f"trained.mtcnn_{k}net" for k in "opr"}
    assert lists.chosen("trained.*", ["timm"]) == []
    assert {entry.family for entry in lists.chosen(families=["trained", "timm"])} == {"trained", "timm"}


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def half(file: Path) -> None:
        file.write_bytes(b"half")
        raise RuntimeError("no more")

    def split(file: Path) -> None:
        _two_layers(file)
        onnx.save(onnx.load(file), file, save_as_external_data=True, location=f"{file.name}.data", size_threshold=0)

    file = tmp_path / "coverage" / "net.onnx"
    with pytest.raises(RuntimeError, match="no more"):
        export.export(_entry(half), file)
    assert list(file.parent.iterdir()) == []
    export.export(_entry(split), file)
    assert {path.name for path in file.parent.iterdir()} == {"net.onnx", "net.onnx.data"}
    assert onnx.load(file).graph.initializer[0].raw_data


def test_exports_in_a_process_of_their_own(cache: Path) -> None:
    file = cache / "x.onnx"
    assert "trained.unknown" in export.exported(Entry("trained.unknown", "trained", _locked), file)
    net = lists.named("dense.espcn@torchscript")
    assert export.exported(net, file, Limits(cpu=60, wall=0.0)) == "takes more than 0 seconds"
    assert not file.exists()
    assert export.exported(net, file) == ""
    assert "DepthToSpace" in {node.op_type for node in onnx.load(file).graph.node}


def test_the_row_of_a_graph(tmp_path: Path) -> None:
    _two_layers(tmp_path / "net.onnx")
    found = row.row(tmp_path / "net.onnx", {})
    assert found["nodes"] == 3
    assert found["unknown"] == {}
    assert found["prunable"] == found["reachable"] == 1.0
    assert [found["targets"][t]["status"] for t in ("0.7", "0.5")] == ["proved", "proved"]
    assert found["targets"]["0.7"]["fraction"] > found["targets"]["0.5"]["fraction"] == 0.5
    assert found["ratio"][1] <= found["ratio"][0] <= found["ratio"][2]
    assert outcome.outcome(found) == outcome.PROVED
    assert outcome.met(found)
    assert outcome.reason(found) == ""
    assert "0.5: 0.500 proved" in outcome.line(found)


def test_the_row_of_a_graph_that_cant_be_pruned(tmp_path: Path) -> None:
    _locked(tmp_path / "net.onnx")
    found = row.row(tmp_path / "net.onnx", {}, bench=False)
    assert found["prunable"] == 0.0
    assert found["targets"]["0.5"]["status"] == "refused"
    assert outcome.outcome(found) == outcome.REFUSED
    assert "nothing to prune" in outcome.reason(found)
    (tmp_path / "net.onnx").write_bytes(b"\x99")
    found = row.row(tmp_path / "net.onnx", {})
    assert outcome.outcome(found) == outcome.REFUSED


def test_a_defect_is_a_row_that_names_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError("oops")

    _two_layers(tmp_path / "net.onnx")
    monkeypatch.setattr(row, "optimize", broken)
    found = row.row(tmp_path / "net.onnx", {}, bench=False)
    assert found["targets"]["0.5"]["status"] == "crash"
    assert "IndexError: oops (tests/tools/test_zoo.py:" in found["targets"]["0.5"]["reason"]
    assert outcome.outcome(found) == outcome.CRASHED
    monkeypatch.setattr(row, "opened", broken)
    assert outcome.outcome(row.row(tmp_path / "net.onnx", {})) == outcome.CRASHED


def test_workers_that_die_hang_or_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "child.py").write_text(
        "import json, os, sys, time\n"
        "if sys.argv[1] == 'die': os.abort()\n"
        "if sys.argv[1] == 'hang': time.sleep(60)\n"
        "if sys.argv[1] == 'say': print('no such model', file=sys.stderr); sys.exit(2)\n"
        "print('chatter'); print(json.dumps({'x': 1, 'threads': os.environ['OMP_NUM_THREADS']}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    good = worker.answer("child", ["work"], 60)
    assert good["x"] == 1 and good["threads"] == "1" and good["peak"] > 0
    assert worker.answer("child", ["die"], 60)["failed"].startswith("exit status -6")
    assert worker.answer("child", ["hang"], 0.5) == {"failed": "takes more than 0.5 seconds"}
    assert worker.answer("child", ["say"], 60) == {"failed": "no such model"}


def test_a_survey_keeps_what_it_found_and_goes_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.results.program", lambda: "source")
    entries = [_entry(_two_layers, "test.two"), _entry(_locked, "test.one")]
    for entry in entries:
        export.export(entry, lists.file_of(entry))
    effort = Effort(jobs=2, bench=False)
    assert len(survey.survey(entries, effort)) == 2
    assert "(kept)" not in capsys.readouterr().out
    survey.survey(entries, effort)
    assert capsys.readouterr().out.count("(kept)") == 2
    survey.survey(entries[:1], Effort(bench=True))
    assert "(kept)" not in capsys.readouterr().out  # it had no times
    results = Results(survey.SECTION)
    assert set(results.rows()) == {"test.two", "test.one"}
    assert results.key("test.two").split()[1:] == ["source"]
    assert results.rows()["test.two"]["ratio"]
    _locked(lists.file_of(entries[0]))
    survey.survey(entries[:1], effort)
    assert "(kept)" not in capsys.readouterr().out  # it is another graph


def test_which_rows_will_do() -> None:
    half = {"0.5": {"fraction": 0.5, "status": "proved"}}
    good, untimed, failed = {"targets": half, "ratio": None}, {"targets": half}, {"failed": "exit status -9"}
    assert survey._fits(good, "a", "a", Effort())
    assert not survey._fits(good, "b", "a", Effort())
    assert survey._fits(good, "b", "a", Effort(missing=True))
    assert not survey._fits(good, "a", "a", Effort(fresh=True))
    assert not survey._fits(untimed, "a", "a", Effort())
    assert survey._fits(untimed, "a", "a", Effort(bench=False))
    assert survey._fits({"targets": {"0.5": {"status": "refused"}}}, "a", "a", Effort())
    assert survey._fits(failed, "a", "a", Effort())
    assert not survey._fits(failed, "b", "a", Effort(missing=True))


def test_two_runs_keep_each_others_rows(tmp_path: Path) -> None:
    first, second = Results("coverage", tmp_path), Results("coverage", tmp_path)
    first.keep("a", "k", {"x": 1})
    second.keep("b", "k", {"x": 2})
    assert Results("coverage", tmp_path).rows() == {"a": {"x": 1}, "b": {"x": 2}}


def _done(fraction: float, status: str = "proved") -> dict[str, Any]:
    return {"fraction": fraction, "met": fraction <= 0.5, "status": status, "error": 2e-6, "reason": "they differ"}


def _found(fraction: float, **more: Any) -> dict[str, Any]:
    lock = {"op": "Softmax", "node": "s1", "reason": "works along it", "kind": "", "natural": True, "share": 0.4}
    made = {"family": "timm", "nodes": 7, "unknown": {}, "prunable": 0.75, "locks": [lock], "seconds": {"whole": 1.25}}
    return made | {"targets": {"0.7": _done(0.7), "0.5": _done(fraction)}, "ratio": [1.5, 1.4, 1.6]} | more


def test_the_page_says_what_and_why() -> None:
    rows = {
        "timm.good": _found(0.498),
        "timm.short": _found(0.61),
        "timm.normed": _found(0.71, reachable=1.25),
        "timm.strange": _found(0.8, unknown={"Mystery": 2}),
        "timm.wrong": _found(0.5, targets={"0.7": _done(0.7), "0.5": {"status": "failed", "reason": "error 0.1"}}),
        "trained.hung": {"family": "trained", "failed": "takes more than 300 seconds"},
        "trained.gone": {"family": "trained", "unmade": "no package"},
    }
    text = page.render(rows, old=3)
    assert "| timm.good    |     7 |      75% | 0.700 | 0.498 |  proved | 2e-06 |     1.50 | 1.2 |" in text
    assert "- timm.short: Softmax s1: works along it (40% of the MACs)" in text
    assert "- timm.normed: removal would not be exact, so that only `--pass hidden` takes the units (50% of" in text
    assert "- timm.strange: no rule for 2 Mystery" in text
    assert "- timm.wrong: error 0.1" in text
    assert "- trained.hung: takes more than 300 seconds" in text
    assert "- timm.good" not in text
    counts = {k.strip(): v.strip() for k, v in (line.split("|")[1:3] for line in text.splitlines() if line[:2] == "| ")}
    assert counts["graphs"] == "7" and counts["proved"] == "4"
    assert counts["refuted"] == counts["crashed"] == counts["not exported"] == "1"
    assert counts["at most half of the MACs left"] == "1"
    assert counts["Softmax: works along it"] == "1" and counts["no rule for 2 Mystery"] == "1"
    assert "Rows made with an earlier state of the source: 3." in text


def test_the_command_line(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(command, "survey", lambda entries, effort: given.append((entries, effort)) or [_found(0.498)])
    monkeypatch.setattr(page, "write", lambda: tmp_path / "page.md")
    assert command.main(["--only", "trained.*", "--jobs", "2", "--no-bench", "--missing"]) == 0
    assert given[0][1] == Effort(2, False, False, True)
    assert all(entry.family == "trained" for entry in given[0][0])
    assert command.main(["--only", "nothing.*"]) == 2
    assert command.main(["--list", "--family", "timm", "--only", "*.resnet10t"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["timm", "timm.resnet10t"]
    monkeypatch.setattr(command, "survey", lambda *_: [{"family": "timm", "failed": "exit status -9"}])
    assert command.main(["--only", "timm.resnet10t"]) == 1


def test_the_page_tells_of_the_entries_that_there_are(cache: Path, tmp_path: Path) -> None:
    results = Results(survey.SECTION)
    results.keep("timm.resnet10t", f"x {program()}", _found(0.498))
    results.keep("timm.regnetx_002", "x y", _found(0.498))
    results.keep("timm.no_such_net", "x y", _found(0.498))
    text = page.write(tmp_path / "page.md").read_text(encoding="utf-8")
    assert "timm.resnet10t" in text and "timm.no_such_net" not in text
    assert "Rows made with an earlier state of the source: 1." in text
