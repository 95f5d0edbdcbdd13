"""A pass of another package, found by its entry point alone, through the whole command line."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, launch, sentence

GUEST = '''
from dataclasses import dataclass
from typing import ClassVar
from onnxprune import Pass

@dataclass(frozen=True)
class Every(Pass):
    """Take every group that is free."""

    name: ClassVar[str] = "every"
    depth: int = 1

    def select(self, analysis):
        return analysis.prunable[: self.depth]
'''


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    info = site / "guest-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "onnxprune_guest.py").write_text(GUEST)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[onnxprune.passes]\nevery = onnxprune_guest:Every\n")
    return site


@pytest.fixture
def installed(guest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(guest))
    importlib.invalidate_caches()


def test_it_runs_by_name_with_its_options(guest: Path, cnn: Path) -> None:
    paths = os.pathsep.join([str(guest), *(p for p in sys.path if p)])
    words = ("optimize", cnn, "--pass", "every{ratio=0.5,depth=1}", "--json", "--no-bench")
    done = launch(*words, env={**os.environ, "PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(p["name"], p["offered"], p["narrowed"]) for p in report["passes"]] == [("every", 1, 1)]
    assert [(g["kind"], g["before"], g["after"]) for g in report["groups"]] == [("every", 64, 32)]
    assert report["proof"]["status"] == "proved"


@pytest.mark.usefixtures("installed")
def test_it_is_listed_but_does_not_run_by_default(run: Run, cnn: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run("list", "passes", "--json").stdout)}
    assert rows["every"]["package"] == "onnxprune_guest" and not rows["every"]["default"]
    assert rows["every"]["options"]["depth"] == 1 and rows["every"]["summary"] == "Take every group that is free."
    report = json.loads(run("optimize", cnn, "--json", "--no-bench", "--no-verify").stdout)
    assert {p["name"] for p in report["passes"]} == {"channels"}


@pytest.mark.usefixtures("installed")
def test_its_options_are_checked(run: Run, cnn: Path) -> None:
    done = run("optimize", cnn, "--pass", "every{depth=deep}")
    assert done.exit_code == 2 and "pass every: 'deep' is no value for depth" in sentence(done)
