"""The plug-in that the tests load: the installed one, or, in a tree that isn't installed, one built for them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from onnxprune.cache import cache_folder
from onnxprune.runtime import plugin

NATIVE = Path(__file__).parents[3] / "onnxprune" / "runtime" / "native"


@pytest.fixture(scope="session")
def library() -> Path:
    return plugin.path() or _built(cache_folder() / "native" / "plugin-for-tests" / _key())


@pytest.fixture(autouse=True)
def loaded(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plugin.VARIABLE, str(library))


def _key() -> str:
    newest = max(file.stat().st_mtime_ns for file in NATIVE.rglob("*"))
    return f"{newest:x}"


def _built(folder: Path) -> Path:
    """Built once for the sources as they are, beside another process that may be building too."""
    if shutil.which("cmake") is None or not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        pytest.skip("the plug-in isn't installed, and there is no C++ compiler")
    made = folder / "libonnxprune_ort.so"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            build = ["cmake", "--build", work, "--target", "onnxprune_ort", "-j", str(os.cpu_count() or 1)]
            for command in (["cmake", "-S", str(NATIVE), "-B", work], build):
                subprocess.run(command, check=True, capture_output=True)
            shutil.copy2(Path(work) / "plugin" / made.name, folder / f"{os.getpid()}.so")
            (folder / f"{os.getpid()}.so").rename(made)
    return made
