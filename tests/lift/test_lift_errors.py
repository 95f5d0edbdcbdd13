"""Errors are one sentence that names what, where and why."""

import builtins
import sys
from typing import Any

import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.lift import lift
from onnxprune.lift.errors import Unliftable
from tests.lift.comparing import lifted, model

DENSE = "g (float[N,4] x, float[N,3] r) => (float[N,3] y) <float[4,3] w> { h = MatMul(x, w) y = Add(h, r) }"


def test_unknown_ops_are_named_all_at_once() -> None:
    text = """g (float[2,4] x) => (float[2,4] y, string[2] t) <string[2] w = {"a", "b"}>
        { y = Relu(x) t = StringConcat(w, w) n = RegexFullMatch <pattern = "o"> (t) }"""
    with pytest.raises(Unliftable, match=r"no counterpart of StringConcat .*, RegexFullMatch "):
        lifted(text)


def test_a_missing_input_is_named() -> None:
    with pytest.raises(InputError, match="input 'r' is missing"):
        lifted(DENSE)({"x": torch.ones(2, 4)})


def test_a_wrong_shape_names_the_node() -> None:
    with pytest.raises(Unliftable, match=r"^node 'y' \(Add\): torch says: ") as error:
        lifted(DENSE)({"x": torch.ones(2, 4), "r": torch.ones(5, 3)})
    assert "\n" not in str(error.value)


def test_attributes_that_are_not_lifted_name_the_node() -> None:
    text = (
        "g (float[1,2,5,5] x) => (float[N,C,H,W] y) { y = AveragePool <kernel_shape = [2, 2], dilations = [2, 2]> (x) }"
    )
    with pytest.raises(Unliftable, match=r"^node 'y' \(AveragePool\): torch says: dilated windows"):
        lifted(text)({"x": torch.ones(1, 2, 5, 5)})


def test_text_as_an_input_is_refused() -> None:
    with pytest.raises(Unliftable, match="input 's' is of a type that torch doesn't compute with"):
        lifted("g (float[2] x, string[1] s) => (float[2] y, string[1] t) { y = Relu(x) t = Identity(s) }")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given, real = model(DENSE), builtins.__import__

    def blocked(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"onnxprune\[torch\]"):
        lift(given)
