"""Hold the plug-in's declarations of ONNX Runtime's C ABI against the real headers.

    python -m tools.abi                   the headers of the system, or of the folder that ORT_INCLUDE_DIR names
    python -m tools.abi --debian          those of Debian's libonnxruntime-dev, fetched with apt into a temporary folder

First abi/check_abi.cpp, which compares places and signatures; then every file of the plug-in, compiled with the real
headers in place of the declarations. Exit code 1 if something differs; 0, with a sentence, where there are no headers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[1] / "onnxprune" / "runtime" / "native"

HEADER = "onnxruntime_c_api.h"
PLACES = ("/usr/include/onnxruntime", "/usr/local/include/onnxruntime")

SUITE, PACKAGE = "forky", "libonnxruntime-dev"
"""Debian's first suite with headers of API version 23, those of execution providers among them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tools.abi", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--debian", action="store_true", help="fetch Debian's headers with apt")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="onnxprune-abi-") as folder:
        headers = debian(Path(folder)) if wanted.debian else installed()
        if headers is None:
            print("the declarations are not checked: there are no headers of ONNX Runtime here", file=sys.stderr)
            return 0
        wrong = differences(headers)
    print(wrong or f"the declarations are those of {headers}")
    return 1 if wrong else 0


def installed() -> Path | None:
    """The folder of the real headers, if there is one."""
    places = [os.environ.get("ORT_INCLUDE_DIR", ""), *PLACES]
    return next((Path(place) for place in places if place and (Path(place) / HEADER).is_file()), None)


def differences(headers: Path) -> str:
    """What the compiler says against the declarations, or against the sources with the real headers; "" for nothing."""
    said = _compile([NATIVE / "abi" / "check_abi.cpp"], headers)
    real = sorted((NATIVE / "plugin").rglob("*.cpp"))
    return said + _compile(real, headers, "-DONNXPRUNE_REAL_ORT_HEADERS")


def _compile(sources: Sequence[Path], headers: Path, *options: str) -> str:
    compiler = os.environ.get("CXX") or "c++"
    command = [compiler, "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *options]
    command += ["-I", str(NATIVE), "-isystem", str(headers), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def debian(folder: Path) -> Path | None:
    """The headers of Debian's package, unpacked in the folder; None where apt can't get them.

    Nothing is installed, and apt's own lists stay as they are: it works in the folder, from the same source as the
    system's packages and with the system's keys.
    """
    site, keys = _site(), Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if site is None or not keys.is_file() or shutil.which("dpkg-deb") is None:
        return None
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {site} {SUITE} main\n")
    places = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in places.items())]
    if not _done([*apt, "update"], folder) or not _done([*apt, "download", PACKAGE], folder):
        return None
    if not all(_done(["dpkg-deb", "-x", str(file), str(folder)], folder) for file in folder.glob("*.deb")):
        return None
    return next((found.parent for found in folder.rglob(HEADER)), None)


def _site() -> str | None:
    """Where the system's own Debian packages come from."""
    if shutil.which("apt-get") is None:
        return None
    ask = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(SITE)", "Created-By: Packages"]
    lines = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.splitlines()
    return next((line.split()[2] for line in lines if line.startswith("Debian main ")), None)


def _done(command: Sequence[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
