"""Options of a source: text in, values out, and a clear sentence for what isn't known."""

import ast
from collections.abc import MutableMapping
from typing import Any

from onnxprune.errors import InputError
from onnxprune.words import did_you_mean

_DTYPES = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")
_WORDS = {"true": True, "false": False, "none": None, "null": None}

option_help = {
    "input": "shape and type of the example inputs, such as 1x3x224x224 or 1x3x224x224,1x128:int64",
    "weights": "a local state_dict, .safetensors or one that torch.load reads",
    "task": "transformers: base, causal-lm, masked-lm, seq2seq-lm, sequence-classification and others",
    "batch": "transformers: examples in a batch",
    "seq": "transformers: tokens in a sequence",
    "mask": "transformers: false leaves attention_mask out",
    "attn": "transformers: implementation of attention, sdpa or eager",
}


def value(text: str) -> Any:
    """A number, boolean, None, list or tuple where `text` spells one, else `text` itself."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def values(options: MutableMapping[str, str]) -> dict[str, Any]:
    """Every option with its value, for a builder that takes keywords."""
    return {key: value(text) for key, text in options.items()}


def take_int(options: MutableMapping[str, str], name: str, default: int) -> int:
    """Remove a positive whole number from the options."""
    if name not in options:
        return default
    text = options.pop(name)
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"option {name}={text} should be a positive whole number")
    return int(text)


def take_bool(options: MutableMapping[str, str], name: str, default: bool) -> bool:
    """Remove a true or false from the options."""
    text = options.pop(name, str(default)).lower()
    if text not in ("true", "false"):
        raise InputError(f"option {name}={text} should be true or false")
    return text == "true"


def take_shapes(options: MutableMapping[str, str]) -> list[tuple[tuple[int, ...], str]]:
    """Remove `input=1x3x224x224,1x128:int64`: (shape, dtype name) of each example input."""
    text = options.pop("input", "")
    return [_shape(part.strip()) for part in text.split(",") if part.strip()]


def _shape(text: str) -> tuple[tuple[int, ...], str]:
    lengths, _, dtype = text.partition(":")
    shape = lengths.split("x")
    if not all(length.isdecimal() for length in shape):
        raise InputError(f"input={text} should read like 1x3x224x224 or 1x128:int64")
    if dtype and dtype not in _DTYPES:
        raise InputError(f"input={text} has an unknown type{did_you_mean(dtype, _DTYPES)}")
    return tuple(map(int, shape)), dtype or "float32"
