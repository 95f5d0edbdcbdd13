"""Data in .jsonl files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onnxprune.calibration import Data, open_data
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

IDS = [InputSpec("ids", "int64", ("batch", "sequence"))]
PAIR = [*IDS, InputSpec("text", "str", ("batch",))]


def opened(folder: Path, text: str | bytes, specs: list[InputSpec] = IDS, samples: int = 512) -> Data:
    path = folder / "calib.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_data(str(path), specs, samples=samples)


def test_a_call_on_every_line(tmp_path: Path) -> None:
    data = opened(tmp_path, '{"ids": [[1, 2]], "text": ["é"]}\n\n{"text": ["b", "c"], "ids": [[3], [4]]}', PAIR)
    assert data.rows == (1, 2) and data[0]["ids"].tolist() == [[1, 2]] and data[1]["text"].tolist() == ["b", "c"]
    assert data[0]["text"].tolist() == ["é"]


def test_a_list_for_the_only_input(tmp_path: Path) -> None:
    data = opened(tmp_path, "\ufeff[[1, 2]]\r\n[[3.0, 4]]\r\n")
    assert [call["ids"].tolist() for call in data] == [[[1, 2]], [[3, 4]]]


def test_fewer_lines_are_evenly_spaced_and_others_not_read(tmp_path: Path) -> None:
    text = "".join(f"[[{n}]]\n" if n % 3 == 0 else "broken\n" for n in range(9))
    assert [call["ids"].item() for call in opened(tmp_path, text, samples=3)] == [0, 3, 6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no data"),
        ("\n \n", "holds no data"),
        ("[[1]]\n\n[[1\n", "line 3: isn't JSON: Expecting ',' delimiter, at column 4"),
        ("[[1]]\n{'ids': 1}", "line 2: isn't JSON: Expecting property name"),
        ("7", "line 1: should be an object with a list for every input, or a list, not 7"),
        ("[[1], [2, 3]]", "line 1: the values for the input 'ids' are no array: lists of different lengths"),
        ("[1]", "line 1: the input 'ids' has rank 2, not 1"),
        ("[[0.5]]", "line 1: .*0.5 is no whole number"),
        ("[[NaN]]", "line 1: the input 'ids' holds NaN"),
        ("[[null]]", "line 1: the input 'ids' takes int64, but found are Python objects"),
        ('{"id": [[1]]}', "line 1: the model has no input 'id'; did you mean ids"),
        ("{}", "line 1: there are no values for the input 'ids'"),
        (b"\xff[[1]]", "line 1: can't be read: .*utf-8"),
        ("[" * 100_000, "line 1: can't be read: .*recursion"),
    ],
)
def test_bad_lines(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=f"calib.jsonl(, |: ){words}"):
        opened(tmp_path, text)


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    data = opened(tmp_path, "[[1]]")
    (tmp_path / "calib.jsonl").unlink()
    with pytest.raises(InputError, match=r"calib\.jsonl: No such file"):
        data[0]


def test_a_list_is_not_enough_for_two_inputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: doesn't name the input .*: ids, text"):
        opened(tmp_path, json.dumps([[1]]), PAIR)
