"""Data from the user's own code."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from onnxprune.calibration import open_data
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

X = [InputSpec("x", "float32", ("batch", 2))]
PAIR = [*X, InputSpec("y", "int64", ("batch",))]

CODE = """
import numpy as np
import sys

drawn = 0

def dicts():
    for i in range(3):
        yield {"y": [i, i], "x": np.full((2, 2), i)}

def tuples():
    return [(np.zeros((1, 2)), np.zeros(1, bool))] * 4

def endless():
    global drawn
    while True:
        drawn += 1
        yield np.full((4, 2), drawn)

def one():
    return {"x": np.zeros((1, 2))}

def empty():
    return []

def none():
    pass

def raises():
    yield np.zeros((1, 2))
    raise LookupError("no such\\n disk")

def leaves():
    sys.exit(3)

def wrong():
    yield np.zeros((1, 3))

def with_argument(folder):
    yield np.zeros((1, 2))

constant = 3
"""


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mydata.py").write_text(CODE)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "broken.py").write_text("import nothing_of_this_name")
    monkeypatch.chdir(tmp_path)


def test_dicts_and_tuples() -> None:
    before = list(sys.path)
    data = open_data("mydata:dicts", PAIR)
    assert data.rows == (2, 2, 2) and data[2]["x"].dtype == np.float32 and data[2]["y"].tolist() == [2, 2]
    assert open_data("mydata:tuples", PAIR)[0]["y"].tolist() == [0]
    assert open_data("mydata:one", X).rows == (1,)
    assert sys.path == before and len({open_data("mydata:dicts", PAIR).digest, data.digest}) == 1


def test_no_more_is_drawn_than_is_wanted() -> None:
    data = open_data("mydata:endless", X, samples=12)
    assert data.samples == 12 and sys.modules["mydata"].drawn == 3
    assert data[0]["x"][0, 0] == data[0]["x"][0, 0] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mydata:dict", "mydata has no function dict; did you mean dicts"),
        ("mydata:constant", "mydata has no function constant"),
        ("no_such_module:f", "can't import no_such_module: ModuleNotFoundError"),
        ("package.broken:f", "can't import package.broken: ModuleNotFoundError: No module named 'nothing_of_this"),
        ("mydata:raises", "call 1: the function failed with LookupError: no such disk"),
        ("mydata:leaves", "the function failed with SystemExit: 3"),
        ("mydata:none", "the function failed with TypeError: 'NoneType' object is not iterable"),
        ("mydata:with_argument", "the function failed with TypeError: .*missing 1 required positional argument"),
        ("mydata:empty", "holds no data"),
        ("mydata:wrong", "call 0: the input 'x' has length 2 on axis 1, not 3"),
        ("mydata:tuples", "call 0: yields 2 arrays, but the model has 1 input: x"),
    ],
)
def test_functions_that_fail(text: str, words: str) -> None:
    with pytest.raises(InputError, match=f"^{text}(, |: ){words}"):
        open_data(text, X)
