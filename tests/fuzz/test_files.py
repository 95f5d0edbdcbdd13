"""Damaged files end in one sentence or in a result: no traceback, no hang, no gigabytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from onnx import ModelProto

from onnxprune.errors import InputError
from onnxprune.graph import load
from tests.fuzz import damage
from tests.fuzz.damage import Corpus, fate
from tests.fuzz.fields import FIELDS, Fault
from tools.fuzz import Worker

FILES = 250
FOUND = (52461, 53390, 55706, 55986, 61022, 69899)
"""Seeds of longer runs that found something."""


def test_damaged_files(tmp_path: Path) -> None:
    """In a process of its own, under limits of memory and time."""
    worker = Worker("file", tmp_path)
    answers = {seed: worker.ask(seed) for seed in (*range(FILES), *FOUND)}
    worker.close()
    assert {seed: answer for seed, answer in answers.items() if answer} == {}


def test_sound_files_are_loaded(tmp_path: Path) -> None:
    for k in range(5):
        (tmp_path / "m.onnx").write_bytes(Corpus().source(k))
        assert load(tmp_path / "m.onnx").graph.nodes


def test_damage_is_damage() -> None:
    """Of the files that are tried, many are refused and many are not."""
    corpus = Corpus(10)
    data = [corpus.damaged(seed) for seed in range(60)]
    readable = sum(_readable(d) for d in data)
    assert len(set(data)) > 50 and 20 < readable < 60 and corpus.damaged(3) == data[3]


def _readable(data: bytes) -> bool:
    try:
        ModelProto.FromString(data)
    except Exception:  # the parser has errors of its own
        return False
    return True


@pytest.mark.parametrize("fault", FIELDS, ids=lambda f: f.__name__)
def test_every_fault_changes_something(fault: Fault) -> None:
    changed = 0
    for seed in range(40):
        source = Corpus().source(seed % 4)
        model = ModelProto.FromString(source)
        try:
            fault(model, random.Random(seed))
        except (IndexError, ValueError):
            continue
        changed += model.SerializeToString() != source
    assert changed >= 4


def test_a_traceback_and_an_odd_sentence_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Corpus().source(0)
    assert fate(data) is None
    for error, stage in ((KeyError("x"), "KeyError"), (InputError("oh"), "sentence")):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(damage, "optimize", fail)
        found = fate(data)
        assert found is not None and found.stage == stage
