"""Files that aren't models go over as they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from onnxprune.directory.carry import carry
from onnxprune.directory.models import belongings, models_of, the_model
from onnxprune.errors import InputError
from tests.directory.made import ENCODER, single, stored
from tests.oracle import build


def test_links_keep_leading_where_they_lead(tmp_path: Path) -> None:
    source, made, outside = tmp_path / "model", tmp_path / "made", tmp_path / "cache"
    for folder in (source, made, outside, outside / "folder"):
        folder.mkdir()
    (source / "vocab.txt").write_text("a", encoding="utf-8")
    (source / "same.txt").symlink_to("vocab.txt")
    (outside / "blob").write_text("b", encoding="utf-8")
    (source / "tokenizer.json").symlink_to(Path("..") / "cache" / "blob")
    (source / "folder").symlink_to(Path("..") / "cache" / "folder")
    (source / "broken").symlink_to("nowhere")
    assert carry(source, made, ()) == ["broken", "folder", "same.txt", "tokenizer.json", "vocab.txt"]
    assert os.readlink(made / "same.txt") == "vocab.txt" and os.readlink(made / "broken") == "nowhere"
    assert (made / "folder").resolve() == outside / "folder"
    tokenizer = made / "tokenizer.json"
    assert not tokenizer.is_symlink() and tokenizer.read_text(encoding="utf-8") == "b"


def test_links_of_the_copy_never_lead_to_the_original(tmp_path: Path) -> None:
    source, made = tmp_path / "model", tmp_path / "made"
    (source / "inner").mkdir(parents=True)
    made.mkdir()
    for name in ("vocab.txt", "inner/merges.txt"):
        (source / name).write_text(name, encoding="utf-8")
    (source / "absolute").symlink_to(source / "inner" / "merges.txt")
    (source / "inner" / "around").symlink_to(Path("..") / ".." / "model" / "vocab.txt")
    (source / "inner" / "up").symlink_to(Path("..") / "vocab.txt")
    carry(source, made, ())
    found = {name: os.readlink(made / name) for name in ("absolute", "inner/around", "inner/up")}
    assert found == {"absolute": "inner/merges.txt", "inner/around": "../vocab.txt", "inner/up": "../vocab.txt"}
    assert all((made / name).resolve().is_relative_to(made) for name in found)


def test_a_folder_that_nobody_may_write_to_can_be_written_to_in_the_copy(tmp_path: Path) -> None:
    source, made = tmp_path / "model", tmp_path / "made"
    (source / "onnx").mkdir(parents=True)
    made.mkdir()
    (source / "onnx").chmod(0o555)
    carry(source, made, ())
    assert (made / "onnx").stat().st_mode & 0o777 == 0o755


def test_modes_times_and_empty_folders(tmp_path: Path) -> None:
    source, made = tmp_path / "model", tmp_path / "made"
    (source / "inner" / "empty").mkdir(parents=True)
    made.mkdir()
    script = source / "inner" / "run.sh"
    script.write_text("true", encoding="utf-8")
    script.chmod(0o750)
    os.utime(script, (1, 1))
    assert carry(source, made, ()) == ["inner/run.sh"]
    found = (made / "inner" / "run.sh").stat()
    assert (found.st_mode & 0o777, found.st_mtime) == (0o750, 1) and (made / "inner" / "empty").is_dir()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    source, made = tmp_path / "model", tmp_path / "made"
    source.mkdir()
    made.mkdir()
    os.mkfifo(source / "pipe")
    with pytest.raises(InputError, match="pipe: is neither a file nor a directory nor a link"):
        carry(source, made, ())


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file that nobody can read is easily had")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    source, made = tmp_path / "model", tmp_path / "made"
    source.mkdir()
    made.mkdir()
    (source / "vocab.txt").symlink_to("/proc/self/mem")
    with pytest.raises(InputError, match=r"model/vocab.txt: can't be carried over \(Input/output error\)"):
        carry(source, made, ())


def test_the_history_of_a_clone_stays_behind(tmp_path: Path) -> None:
    source, made = single(tmp_path / "model"), tmp_path / "made"
    made.mkdir()
    (source / ".git" / "lfs").mkdir(parents=True)
    stored(source / ".git" / "lfs" / "old.onnx", build(ENCODER))
    (source / ".gitattributes").touch()
    assert models_of(source) == ["model.onnx"]
    assert carry(source, made, belongings(source, ["model.onnx"])) == [
        ".gitattributes",
        "config.json",
        "tokenizer.json",
    ]


def test_data_that_another_model_reads_stay(tmp_path: Path) -> None:
    source = single(tmp_path / "model", external=True)
    other = stored(source / "other.onnx", build(ENCODER), external=True)
    assert belongings(source, ["model.onnx"]) == {source / "model.onnx", source / "model.onnx_data"}
    other.write_bytes((source / "model.onnx").read_bytes())  # of the same data file now
    assert belongings(source, ["model.onnx"]) == {source / "model.onnx"}
    both = {source / "model.onnx", other, source / "model.onnx_data"}
    assert belongings(source, ["model.onnx", "other.onnx"]) == both


def test_a_link_inside_is_no_model_of_its_own(tmp_path: Path) -> None:
    source = single(tmp_path / "model")
    (source / "latest.onnx").symlink_to("model.onnx")
    blob = stored(tmp_path / "blob", build(ENCODER))
    (source / "onnx").mkdir()
    (source / "onnx" / "decoder.onnx").symlink_to(blob)
    assert models_of(source) == ["model.onnx", "onnx/decoder.onnx"]
    assert models_of(source, ["dec*"]) == models_of(source, ["onnx/*"]) == ["onnx/decoder.onnx"]
    with pytest.raises(InputError, match=r"--file x\*: is none of the models in .*: model.onnx, onnx/decoder.onnx"):
        models_of(source, ["x*"])
    with pytest.raises(InputError, match=r"holds several models, so name one of them: model.onnx, onnx/decoder.onnx"):
        the_model(source)


def test_a_link_to_a_model_is_no_other_reader_of_its_data(tmp_path: Path) -> None:
    source = single(tmp_path / "model", external=True)
    (source / "latest.onnx").symlink_to("model.onnx")
    assert belongings(source, ["model.onnx"]) == {source / "model.onnx", source / "model.onnx_data"}


def test_the_whole_cache_of_a_repository(tmp_path: Path) -> None:
    """Blobs lie in it, under names that aren't models', and snapshots of links to them."""
    source = tmp_path / "models--bert"
    (source / "blobs").mkdir(parents=True)
    (source / "snapshots" / "new").mkdir(parents=True)
    blob = stored(source / "blobs" / "abc", build(ENCODER))
    model = source / "snapshots" / "new" / "model.onnx"
    model.symlink_to(Path("..") / ".." / "blobs" / "abc")
    assert models_of(source) == ["snapshots/new/model.onnx"]
    assert belongings(source, models_of(source)) == {model, blob}
    (source / "snapshots" / "new" / "other.onnx").symlink_to(blob)
    assert belongings(source, ["snapshots/new/model.onnx"]) == {model}


def test_a_directory_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder without an ONNX file \(\*.onnx\)"):
        models_of(tmp_path)
    assert the_model(tmp_path / "model.onnx") == tmp_path / "model.onnx"
