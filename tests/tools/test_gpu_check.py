"""The check of the CUDA kernels, on a machine that most likely has no GPU."""

import json
import shutil

import numpy as np
import pytest

from onnxprune.runtime import plugin
from tools.cuda_faults import FAULTS
from tools.gpu_check import __main__, kernels, sessions, weights
from tools.native_kernels import CUDA_TEST, SOURCE, built, compiler_missing

pytestmark = pytest.mark.skipif(bool(compiler_missing()) or not plugin.available(), reason="nothing can be built here")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What a build makes, of parts that are built already."""
    shutil.copy2(built(targets=[CUDA_TEST]) / CUDA_TEST, tmp_path)
    shutil.copy2(plugin.path(), tmp_path / "libonnxprune_ort.so")
    monkeypatch.setattr(__main__, "build", lambda: tmp_path)
    return tmp_path


def test_proves_and_says_what_was_left_out(folder, capsys, monkeypatch):
    monkeypatch.setattr(kernels, "why_not", lambda library: f"no GPU for {library.name}")
    monkeypatch.setattr(sessions, "why_not", lambda library: "no CUDA")
    assert __main__.main(["--json", str(folder / "gpu.json"), "--problems", "8"]) == 0
    found = json.loads((folder / "gpu.json").read_text())
    assert found["proof"]["right"] and "8 problems, emulated" in found["proof"]["said"]
    assert found["kernels"] == {"left_out": "no GPU for libonnxprune_ort.so"} and found["sessions"]["left_out"]
    assert "kernels: not measured: no GPU" in capsys.readouterr().out


def test_a_wrong_figure_is_a_failure(folder, monkeypatch):
    for name in ("kernels", "sessions"):
        monkeypatch.setattr(getattr(__main__, name), "why_not", lambda library: "")
        monkeypatch.setattr(getattr(__main__, name), "measured", lambda *_: [])
    words = ["--json", str(folder / "gpu.json"), "--problems", "1"]
    assert __main__.main(words) == 0
    wrong = sessions.Figure("64x1", 0.9, "float16", 1, 8, 8, 1.0, 1.0, "CPU", right=False)
    monkeypatch.setattr(sessions, "measured", lambda *_: [wrong])
    assert __main__.main(words) == 1


def test_why_nothing_is_measured(folder):
    assert (
        "CUDA" in sessions.why_not(folder)
        or "onnxruntime-gpu" in sessions.why_not(folder)
        or not sessions.why_not(folder)
    )
    reason = kernels.why_not(folder / "libonnxprune_ort.so")
    assert reason in ("", "the plug-in was built without CUDA", "torch is not installed", "torch sees no GPU")


@pytest.mark.parametrize("form", weights.FORMS, ids=lambda form: f"{form.name} {form.zeros}")
def test_weights_have_their_zeros(form):
    packed, dense = weights.weight(form, 256, 512, np.float16)
    assert abs((dense == 0).mean() - form.zeros) < 0.08
    assert packed.values.dtype == (np.int8 if form.int8 else np.float16)


def test_chains_are_measured_as_they_would_be_on_a_gpu(folder, monkeypatch):
    monkeypatch.setattr(sessions, "FORMS", [weights.FORMS[0], *weights.FORMS[-2:]])
    monkeypatch.setattr(sessions, "_REPEATS", 1)
    library = folder / "libonnxprune_ort.so"
    figures = list(sessions.measured(library, [(64, 96)], [3], 1, "CPUExecutionProvider"))
    assert len(figures) == 6 and all(figure.right and figure.gain > 0 for figure in figures)
    assert {figure.placed for figure in figures} <= {"CPUExecutionProvider", "not told"}


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_faults_can_still_be_put_in(fault):
    """Finding them takes `python -m tools.cuda_faults`."""
    assert fault.right in (SOURCE / "cuda" / fault.file).read_text() and fault.right != fault.wrong
