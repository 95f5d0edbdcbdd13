"""Data in .npz and .npy files, and folders of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxprune.calibration import open_data
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

X = [InputSpec("x", "float32", ("batch", 2))]
PAIR = [*X, InputSpec("y", "int64", ("batch",))]


def test_an_npz(tmp_path: Path) -> None:
    path = tmp_path / "calib.npz"
    np.savez_compressed(path, x=np.arange(80.0).reshape(40, 2), y=np.arange(40, dtype=np.uint8))
    data = open_data(str(path), PAIR)
    assert (data.name, data.rows, data.samples, data.synthetic) == (str(path), (32, 8), 40, False)
    assert data[1]["y"].tolist() == list(range(32, 40)) and data[1]["y"].dtype == np.int64
    assert data[1]["x"].dtype == np.float32 and len(data.digest) == 64


def test_the_digest_is_of_the_contents(tmp_path: Path) -> None:
    for name, end in (("a", 40), ("b", 40), ("c", 41)):
        np.save(tmp_path / f"{name}.npy", np.arange(end * 2.0).reshape(end, 2))
    a, b, c = (open_data(str(tmp_path / f"{name}.npy"), X).digest for name in "abc")
    assert a == b != c


def test_an_npy_is_for_the_only_input(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.arange(80.0).reshape(40, 2))
    path = str(tmp_path / "calib.npy")
    assert open_data(path, X)[1]["x"][0].tolist() == [64, 65]
    assert open_data(path, X, samples=10).samples == 10
    with pytest.raises(InputError, match="doesn't name the input it is for, and the model has several: x, y"):
        open_data(path, PAIR)


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_every_file_of_a_folder_is_a_call(tmp_path: Path, kind: str) -> None:
    for index in (2, 0, 1):
        path, values = tmp_path / f"{index}.{kind}", np.full((index + 1, 2), index)
        np.savez(path, x=values) if kind == "npz" else np.save(path, values)
    (tmp_path / "readme.txt").touch()
    (tmp_path / f".hidden.{kind}").touch()
    data = open_data(str(tmp_path), X)
    assert data.rows == (1, 2, 3) and [call["x"][0, 0] for call in data] == [0, 1, 2]
    fewer = open_data(str(tmp_path), X, samples=4)
    assert fewer.rows == (1, 2) and fewer.digest == data.digest
    (tmp_path / f"1.{kind}").write_bytes(b"")
    with pytest.raises(InputError, match=rf"1\.{kind}: is empty"):
        open_data(str(tmp_path), X)


def test_a_file_of_a_folder_that_doesnt_suit(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((1, 3)))
    with pytest.raises(InputError, match=r"a\.npz: the input 'x' has length 2 on axis 1, not 3"):
        open_data(str(tmp_path), X)


def test_a_file_that_changes_is_noticed_when_it_is_used(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((1, 2)))
    data = open_data(str(tmp_path), X)
    np.savez(tmp_path / "a.npz", z=np.zeros((1, 2)))
    with pytest.raises(InputError, match="the model has no input 'z'"):
        data[0]


def _pickled(path: Path) -> None:
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


def _cut_short(path: Path) -> None:
    np.save(path, np.zeros((100, 2)))
    path.write_bytes(path.read_bytes()[:200])


def _refused(path: Path, write: Any, words: str) -> None:
    write(path)
    with pytest.raises(InputError, match=words) as caught:
        open_data(str(path), X)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_pickled, "holds pickled Python objects, which are never loaded"),
        (_cut_short, "can't be read"),
        (lambda path: path.write_bytes(pickle.dumps([1])), "isn't an .npy file"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: np.save(path, np.zeros((0, 2))), "is empty"),
        (lambda path: np.save(path, np.float32(1)), "has rank 2, not 0"),
        (lambda path: np.save(path, np.zeros(3, [("a", "f4")])), "has rank 2, not 1"),
        (lambda path: np.save(path, np.zeros((3, 2), [("a", "f4")])), "takes float32, but found are"),
    ],
)
def test_bad_npy_files(tmp_path: Path, write: Any, words: str) -> None:
    _refused(tmp_path / "calib.npy", write, words)


def _pickled_member(path: Path) -> None:
    np.savez(path, x=np.array([{}], dtype=object))


def _damaged(path: Path) -> None:
    np.savez(path, x=np.zeros((100, 2)))
    whole = bytearray(path.read_bytes())
    whole[600:700] = b"?" * 100
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_pickled_member, "holds pickled Python objects"),
        (_damaged, "can't be read: Bad CRC"),
        (lambda path: path.write_bytes(b"PK\3\4"), "can't be read: File is not a zip file"),
        (lambda path: path.write_text("x"), "isn't an .npz file"),
        (lambda path: np.savez(path), "holds no arrays"),
        (lambda path: np.savez(path, X=np.zeros((3, 2))), "the model has no input 'X'"),
        (
            lambda path: np.savez(path, x=np.array(["a", "b"])[:, None].repeat(2, 1)),
            "takes float32, but found are text",
        ),
    ],
)
def test_bad_npz_files(tmp_path: Path, write: Any, words: str) -> None:
    _refused(tmp_path / "calib.npz", write, words)
