"""What the container is built from: the files that .dockerignore lets in make the whole wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = re.findall(r"^([A-Z]+) (.+)$", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
ALLOWED = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]


def made(source: Path, folder: Path) -> set[str]:
    """What is in the wheel of a source tree, without the plug-in."""
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
    environment = {**os.environ, "ONNXPRUNE_PURE_PYTHON": "1"}
    subprocess.run(build, cwd=source, env=environment, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return {name for name in zipfile.ZipFile(wheel).namelist() if "/RECORD" not in name}


def test_what_goes_in_makes_the_whole_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ALLOWED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    assert (source / "onnxprune" / "runtime" / "native" / "CMakeLists.txt").is_file()
    assert made(source, tmp_path / "some") == made(ROOT, tmp_path / "all")


def test_the_image_has_no_compiler_and_no_root() -> None:
    stages = [index for index, (step, _) in enumerate(STEPS) if step == "FROM"]
    last = STEPS[stages[-1] :]
    assert len(stages) == 2 and not any("g++" in text or step == "COPY" for step, text in last)
    assert [text for step, text in last if step == "USER"] == ["1000"]
    assert ("ENTRYPOINT", '["onnxprune"]') in last


def test_its_python_is_one_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (version,) = [text.partition("=")[2] for step, text in STEPS if step == "ARG" and text.startswith("PYTHON=")]
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
