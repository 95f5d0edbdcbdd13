"""The examples of docs/examples, as a user would run them. The one in C# isn't: there is no compiler for it here."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from onnxprune.graph import pack
from tests.runtime.plugin.models import model, packed_model, sparse

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
W = sparse(64, 96, kept=0.1)


@pytest.fixture(params=["dense", "packed"])
def file(request, tmp_path):
    text = "g (float[a, 64] x) => (float[a, 96] y) { y = MatMul(x, W) }"
    made = model(text, {"W": W}) if request.param == "dense" else packed_model(pack(W, (16, 1)))
    (tmp_path / "model.onnx").write_bytes(made)
    return tmp_path / "model.onnx"


def printed(*command: object) -> float:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_python(library, file):
    found = printed(sys.executable, EXAMPLES / "sparse.py", library, file, 3, 64)
    assert np.isclose(found, 3 * W.sum(), rtol=1e-4)


def test_cpp(library, file, tmp_path):
    runtime = next(Path(ort.__file__).parent.glob("capi/libonnxruntime.so.*"), None)
    if runtime is None or shutil.which("c++") is None:
        pytest.skip("needs a C++ compiler, and an ONNX Runtime with a library that C++ can load")
    example = tmp_path / "example"
    headers = ROOT / "onnxprune" / "runtime" / "native"
    subprocess.run(
        [
            "c++",
            "-std=c++17",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-I",
            headers,
            EXAMPLES / "sparse.cpp",
            "-ldl",
            "-o",
            example,
        ],
        check=True,
    )
    assert np.isclose(printed(example, runtime, library, file, 3, 64, 96), 3 * W.sum(), rtol=1e-4)
