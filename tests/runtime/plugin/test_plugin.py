"""The Python door: where the library is, what is said where it can't be used, and sessions of the runtime room."""

import logging
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import onnxruntime as ort
import pytest
from typer.testing import CliRunner

from onnxprune.cli import app
from onnxprune.errors import InputError
from onnxprune.graph import pack
from onnxprune.report.comparison import compare
from onnxprune.runtime import available_providers, bench, plugin, run, session
from onnxprune.runtime.packed_files import open_session
from tests.runtime.plugin.models import close, model, noise, packed_model, sparse

W = sparse(64, 96, kept=0.1)
PACKED = packed_model(pack(W, (16, 1)), activation="relu")


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(plugin.VARIABLE)
    monkeypatch.setattr(plugin, "_installed", lambda: None)
    plugin.say_once.cache_clear()


def test_where_it_is(library, monkeypatch):
    assert plugin.path() == library
    assert plugin.available()
    monkeypatch.setenv(plugin.VARIABLE, "/nowhere/lib.so")
    with pytest.raises(InputError, match=r"ONNXPRUNE_PLUGIN names /nowhere/lib\.so, where there is no file"):
        plugin.path()


def test_a_model_with_packed_weights_loads_like_any_other(tmp_path):
    (tmp_path / "packed.onnx").write_bytes(PACKED)
    x = noise(5, 64)
    for source in (PACKED, tmp_path / "packed.onnx", str(tmp_path / "packed.onnx")):
        assert close(run(session(source), {"x": x})["y"], (x @ W).clip(0))


def test_sessions_by_the_name_of_the_provider(tmp_path):
    dense = model("g (float[a, 64] x) => (float[a, 96] y) { y = MatMul(x, W) }", {"W": W})
    assert "sparse" in available_providers()
    loaded = session(dense, provider="sparse")
    assert loaded.get_providers() == [plugin.EP_NAME, "CPUExecutionProvider"]
    x = noise(5, 64)
    assert close(run(loaded, {"x": x})["y"], x @ W)
    assert close(run(session(PACKED, provider="sparse"), {"x": x})["y"], (x @ W).clip(0))
    assert len(bench([dense, PACKED], provider="sparse", rounds=1, warmup=0).samples) == 2


def test_without_the_plugin_packed_weights_run_dense_and_it_says_so_once(missing, caplog):
    x = noise(5, 64)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert close(run(session(PACKED), {"x": x})["y"], (x @ W).clip(0))
    (said,) = caplog.messages
    assert "installed without its native plug-in" in said and "run as dense ones" in said


def test_without_the_plugin_the_provider_is_an_error(missing):
    assert "sparse" not in available_providers()
    with pytest.raises(
        InputError, match="'sparse' can't be used: the package was installed without its native plug-in"
    ):
        session(PACKED, provider="sparse")
    with pytest.raises(InputError, match="no fast kernel here: the package was installed without"):
        plugin.session_options()


@pytest.mark.parametrize("release", ["1.22.1", "1.20.0"])
def test_an_older_onnx_runtime(release, monkeypatch):
    monkeypatch.setattr(ort, "__version__", release)
    assert plugin.available(provider=False) and not plugin.available()
    with pytest.raises(InputError, match=f"the provider needs ONNX Runtime 1.23 or newer, and {release} is installed"):
        session(PACKED, provider="sparse")
    x = noise(2, 64)
    assert close(run(session(PACKED), {"x": x})["y"], (x @ W).clip(0))


def test_a_file_that_is_no_library(tmp_path, monkeypatch):
    (tmp_path / "lib.so").write_bytes(b"no library")
    monkeypatch.setenv(plugin.VARIABLE, str(tmp_path / "lib.so"))
    with pytest.raises(InputError, match=r"ONNX Runtime doesn't take .*lib\.so"):
        session(PACKED)


def test_a_processor_without_the_instructions_runs_portable_kernels(library, tmp_path):
    """In a process of its own: the library asks the processor once."""
    (tmp_path / "packed.onnx").write_bytes(PACKED)
    code = (
        "import sys, numpy as np\n"
        "from onnxprune.runtime import plugin, session\n"
        "for _ in range(2): y = session(sys.argv[1]).run(None, {'x': np.ones((3, 64), 'f')})[0]\n"
        "print(plugin.instructions(), y.sum())\n"
    )
    said = {}
    for level in ("generic", "avx2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "packed.onnx")],
            env={"PATH": "", "ONNXPRUNE_CPU": level, plugin.VARIABLE: str(library), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        said[level] = done.stdout.split(), done.stderr.count("portable ones run")
    (level, total), times = said["generic"]
    assert level == "generic" and times == 1
    assert abs(float(total) - float(said["avx2"][0][1])) < 1e-2


def test_the_command_line_says_why(missing, tmp_path):
    (tmp_path / "packed.onnx").write_bytes(PACKED)
    result = CliRunner().invoke(app, ["bench", str(tmp_path / "packed.onnx"), "--provider", "sparse"])
    assert result.exit_code == 2
    assert "--provider sparse: the package was installed without its native plug-in" in result.stderr


def test_the_installed_library_is_no_module(library):
    assert library.parent.name == "lib" or plugin._installed() is None
    assert not (library.parent / "__init__.py").exists()


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm lists what a library exports")
def test_the_library_shows_its_own_functions_only(library: Path):
    listed = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in listed.stdout.splitlines()}
    doors = {"RegisterCustomOps", "CreateEpFactories", "ReleaseEpFactory"}
    assert {name for name in names if not name.startswith("onnxprune_")} == doors


@pytest.mark.parametrize("on_gpu", [False, True])
def test_a_library_without_cuda_says_that_packed_weights_stay_on_the_cpu(
    on_gpu: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(plugin.on_gpu(), bool)
    monkeypatch.setattr(plugin, "on_gpu", lambda: on_gpu)
    plugin.say_once.cache_clear()
    with caplog.at_level(logging.WARNING, "onnxprune.plugin"), warnings.catch_warnings(action="ignore"):
        # this ONNX Runtime may have no CUDA, and then takes the next provider, with a warning
        made = open_session(PACKED, ort.SessionOptions(), providers=["CUDAExecutionProvider", "CPUExecutionProvider"])
    x = noise(3, 64)
    assert close(run(made, {"x": x})["y"], (x @ W).clip(0))
    assert ("built without CUDA" in caplog.text) is not on_gpu


def test_a_comparison_profiles_where_it_was_asked_to_run(tmp_path: Path) -> None:
    dense, zeros = tmp_path / "dense.onnx", tmp_path / "zeros.onnx"
    text = "g (float[64, 256] x) => (float[64, 512] y) { y = MatMul(x, w) }"
    dense.write_bytes(model(text, {"w": noise(256, 512)}))
    zeros.write_bytes(model(text, {"w": sparse(256, 512, kept=0.02)}))
    found = compare(dense, zeros, provider="sparse", rounds=2)
    assert {op.op: op.after for op in found.ops}.get(plugin.EP_NAME, 0) > 0
