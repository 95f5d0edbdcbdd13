"""Mutants differ from their file and are valid; a survivor is what no test notices."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import mutate
from tools.mutants import mutants

SOURCE = '''
"""A text."""
def clamp(x: int, most: int = 3) -> int:
    if x < 0 or not x:
        raise ValueError("less than 1")
    print(x + 1)
    return most if x >= most else -x
'''

CHANGES = [
    "3 becomes 4",
    "the condition is always true",
    "the condition is never true",
    "or becomes and",
    "< becomes <=",
    "0 becomes 1",
    "not is dropped",
    "the statement is dropped",
    "+ becomes -",
    "1 becomes 2",
    ">= becomes >",
    "- is dropped",
]


def test_every_operator_constant_condition_and_call() -> None:
    found = list(mutants(SOURCE))
    assert {m.what for m in found} == set(CHANGES)
    plain = ast.unparse(ast.parse(SOURCE))
    assert len({m.source for m in found} - {plain}) == len(found)
    for mutant in found:
        compile(mutant.source, "mutant", "exec")
        assert "less than 1" in mutant.source and "x: int" in mutant.source


def test_the_tests_of_a_file() -> None:
    near = mutate.tests_of(Path("onnxprune/coupling/solver.py"))
    assert near[0] == "tests/coupling/test_solver.py" and "tests/coupling/test_golden.py" in near
    for file in (mutate.ROOT / "onnxprune" / room for room in ("coupling", "rewrite")):
        for path in file.rglob("*.py"):
            assert all((mutate.ROOT / test).exists() for test in mutate.tests_of(path.relative_to(mutate.ROOT)))


def test_survivors_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small tree of its own: `most` is never reached by its test."""
    home = tmp_path / "home"
    (home / "room").mkdir(parents=True)
    (home / "room" / "small.py").write_text(SOURCE)
    (home / "test_small.py").write_text("from room.small import clamp\ndef test():\n    assert clamp(2) == -2\n")
    (home / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mutate, "ROOT", home)
    monkeypatch.setattr(mutate, "COPIED", ("room", "test_small.py", "pyproject.toml"))
    monkeypatch.setattr(mutate, "prepare", lambda folder: (mutate.copy_tree(folder), monkeypatch.chdir(folder)))
    assert mutate.main(["room/small.py", "--tests", "test_small.py"]) == 1
    told = capsys.readouterr().out
    assert "3 becomes 4" in told and "- is dropped" not in told
    assert f"room/small.py: {len(list(mutants(SOURCE)))} mutants" in told
    assert (home / "room" / "small.py").read_text() == SOURCE
