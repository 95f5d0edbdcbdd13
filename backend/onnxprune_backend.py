"""How the package is built: by scikit-build-core, but an editable install is a path and nothing else.

scikit-build-core's own editable installs come with an import hook that goes before every path: PYTHONPATH can't put
another checkout in front then. Both import roots are in a .pth file anyway, so the hook is left out.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import scikit_build_core.build as core
from scikit_build_core.build import *  # noqa: F403 -- the other hooks are its own

_HOOK = "_editable_skbc_"

Files = dict[str, bytes]


def build_editable(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """An editable wheel, as PEP 660 has it."""
    name = core.build_editable(wheel_directory, config_settings, metadata_directory)
    wheel = Path(wheel_directory) / name
    with zipfile.ZipFile(wheel) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    modes = _modes(wheel)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in without_hook(files).items():
            info = zipfile.ZipInfo(entry)
            info.external_attr = modes.get(entry, 0o644 << 16)
            archive.writestr(info, content)
    return name


def without_hook(files: Files) -> Files:
    """The files of a wheel without the import hook, with the record of what is left."""
    kept = {name: _paths(name, content) for name, content in files.items() if not _is_hook(name)}
    record = next(name for name in kept if name.endswith(".dist-info/RECORD"))
    del kept[record]
    lines = [f"{name},{_digest(content)},{len(content)}" for name, content in kept.items()]
    return {**kept, record: "\n".join([*lines, f"{record},,", ""]).encode()}


def _is_hook(name: str) -> bool:
    return name.startswith(_HOOK) and not name.endswith(".pth")


def _paths(name: str, content: bytes) -> bytes:
    if not name.startswith(_HOOK):
        return content
    return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(b"import "))


def _digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _modes(wheel: str | os.PathLike[str]) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.external_attr for info in archive.infolist()}
