"""The report's folder: there before the work, whole after it, gone if the work failed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Result
from onnxprune.report import Report, claimed, detailed, write


def test_four_files(result: Result, report: Report, tmp_path: Path) -> None:
    with claimed(tmp_path / "a" / "b"):
        paths = write(tmp_path / "a" / "b", result, detailed(report, result))
    assert sorted(tmp_path.rglob("*.*")) == sorted(paths)
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    assert json.loads(texts["report.json"])["version"] == 1 and json.loads(texts["report.json"])["details"]
    assert json.loads(texts["plan.json"])["groups"] == result.plan.groups
    assert texts["report.html"].startswith("<!doctype html>") and texts["report.md"].startswith("## ")


def test_a_folder_that_was_made_goes_again(tmp_path: Path) -> None:
    def work() -> None:
        with claimed(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    with pytest.raises(ValueError, match="bad"), claimed(tmp_path):
        raise ValueError("bad")
    assert [p.name for p in tmp_path.iterdir()] == ["old.txt"]


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    for folder in ("report", "report/inside"):
        with pytest.raises(InputError, match="can't hold a report"), claimed(tmp_path / folder):
            pass


def test_a_full_disk_leaves_the_older_report(
    result: Result, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("older")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="the report can't be written \\(No space left on device\\)"):
        write(tmp_path, result, report)
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"] and (tmp_path / "report.json").read_text() == "older"
