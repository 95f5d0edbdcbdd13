from typing import Any

import pytest

from onnxprune.errors import InputError
from onnxprune.export.options import take_shapes, value
from onnxprune.words import did_you_mean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ("None", None),
        ("(3, 4)", (3, 4)),
        ("[1]", [1]),
        ("gelu", "gelu"),
        ("a b", "a b"),
        ("1x3", "1x3"),
    ],
)
def test_value(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_take_shapes() -> None:
    options = {"input": "1x3x8x8, 1x16:int64", "width": "3"}
    assert take_shapes(options) == [((1, 3, 8, 8), "float32"), ((1, 16), "int64")]
    assert options == {"width": "3"}
    assert take_shapes(options) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("1,3,-1", "input=-1 should read like"), ("1x3:int46", "input=1x3:int46 has an unknown type; .*int16")],
)
def test_shapes_that_cannot_be_read(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        take_shapes({"input": text})


def test_did_you_mean() -> None:
    assert did_you_mean("resnet5", ["resnet50", "vgg", "resnet18"]) == "; did you mean resnet50 or resnet18?"
    assert did_you_mean("zzz", ["resnet50"]) == ""
