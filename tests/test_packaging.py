"""What the package promises: version, entry points, contents of the wheel, no framework needed."""

import ast
import importlib.metadata
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PASSES: dict[str, str] = PROJECT["entry-points"]["onnxprune.passes"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without the native plug-in: building that is what installing the package proves."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
    environment = {**os.environ, "ONNXPRUNE_PURE_PYTHON": "1"}
    subprocess.run(build, cwd=ROOT, env=environment, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def contents(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_holds_both_packages_and_nothing_else(contents: set[str]) -> None:
    assert {"onnxprune/py.typed", "onnxprune_passes/py.typed", "onnxprune/errors.py"} <= contents
    roots = {name.split("/")[0] for name in contents}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"onnxprune", "onnxprune_passes"}


def test_wheel_holds_every_source_file(contents: set[str]) -> None:
    sources = {
        path.relative_to(parent).as_posix()
        for parent, package in ((ROOT, "onnxprune"), (ROOT / "passes", "onnxprune_passes"))
        for path in (parent / package).rglob("*.py")
    }
    assert sources <= contents


def test_wheel_without_the_plugin_runs_anywhere(wheel: Path, contents: set[str]) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not any(name.endswith((".so", ".dylib", ".dll", ".cpp", ".h")) for name in contents)


def test_nothing_but_the_backend_is_needed_to_build() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert [name.split(">")[0] for name in build["requires"]] == ["scikit-build-core"]


def test_an_editable_install_is_a_path_without_a_hook(tmp_path: Path) -> None:
    code = "import onnxprune_backend, sys; print(onnxprune_backend.build_editable(sys.argv[1]))"
    environment = {**os.environ, "ONNXPRUNE_PURE_PYTHON": "1", "PYTHONPATH": str(ROOT / "backend")}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as wheel:
        (path,) = (name for name in wheel.namelist() if name.endswith(".pth"))
        assert wheel.read(path).decode().split() == [str(ROOT), str(ROOT / "passes")]
        assert not any(name.endswith(".py") for name in wheel.namelist())
        (record,) = (name for name in wheel.namelist() if name.endswith("RECORD"))
        assert {line.split(",")[0] for line in wheel.read(record).decode().split()} == set(wheel.namelist())


def test_wheel_carries_the_licence(contents: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in contents)


def test_versions_agree(wheel: Path) -> None:
    from onnxprune._version import __version__

    assert wheel.name.split("-")[1] == __version__ == importlib.metadata.version("onnxprune")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{__version__}]" in changelog


@pytest.mark.parametrize("name", PASSES)
def test_entry_point_names_a_class(name: str) -> None:
    module, _, attribute = PASSES[name].partition(":")
    source = (ROOT / "passes" / Path(*module.split("."))).with_suffix(".py")
    classes = [n.name for n in ast.parse(source.read_text(encoding="utf-8")).body if isinstance(n, ast.ClassDef)]
    assert attribute in classes


def test_script_is_the_command_line() -> None:
    from onnxprune.cli import main

    assert PROJECT["scripts"]["onnxprune"] == "onnxprune.cli:main"
    assert callable(main)


def test_no_framework_is_needed_to_import_everything() -> None:
    """A module that imports torch at its top would fail here, as it would for a user without torch.

    Not so inside the two rooms that are nothing but torch, and in what is nothing but a pass of Olive's; importing the
    rooms themselves needs none.
    """
    code = (
        "import sys, pkgutil, importlib\n"
        "for name in ('torch', 'torchvision', 'timm', 'transformers', 'onnxscript'):\n"
        "    sys.modules[name] = None\n"
        "import onnxprune, onnxprune_passes\n"
        "for package in (onnxprune, onnxprune_passes):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if found.name.startswith(('onnxprune.lift.', 'onnxprune.recovery.')): continue\n"
        "        if found.name == 'onnxprune.integrations.olive': continue\n"
        "        if not found.name.endswith('__main__'): importlib.import_module(found.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
