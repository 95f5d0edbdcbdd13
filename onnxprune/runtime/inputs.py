"""Random inputs of the right types and shapes, with values that the input's name asks for."""

import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from onnxprune.errors import InputError
from onnxprune.runtime import bfloat16
from onnxprune.runtime.axes import Dim, InputSpec, Sizes
from onnxprune.runtime.dims import concrete_shapes

_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_REAL = ("float16", "bfloat16", "float32", "float64")
_DTYPES = {name: name for name in (*_WHOLE, *_REAL, "bool")}
_DTYPES |= {"float": "float32", "double": "float64", "string": "str"}

Fill = Callable[[tuple[int, ...]], NDArray[Any]]

MOST_NUMBERS = 2**27
"""Of one input: more would take the memory that the model needs."""


def _constant(value: float) -> Fill:
    return lambda shape: np.full(shape, value)


def _positions(shape: tuple[int, ...]) -> NDArray[Any]:
    return np.broadcast_to(np.arange(shape[-1] if shape else 1), shape) if shape else np.zeros(())


# First match wins. A key padding mask marks, as PyTorch's do, what attention must not see; every other
# mask marks what it sees. `use_cache_branch` picks the half of a merged decoder that needs no past.
_BY_NAME: tuple[tuple[str, tuple[str, ...], Fill], ...] = (
    (r"key_padding_mask|use_cache", (*_WHOLE, *_REAL, "bool"), _constant(0)),
    (r"mask", (*_WHOLE, *_REAL, "bool"), _constant(1)),
    (r"token_type|segment_id", _WHOLE, _constant(0)),
    (r"position", _WHOLE, _positions),
    (r"^(sr|sample_rate|sampling_rate)$", ("int32", "int64"), _constant(16_000)),
    (r"thresh", _REAL, _constant(0.5)),
    (r"(^|_)(speed|temperature|scales?|scale_factor)$", _REAL, _constant(1)),
)


def input_specs(session: ort.InferenceSession) -> list[InputSpec]:
    """The inputs of a session, in order. Raises InputError for an input that isn't a tensor."""
    return [_spec(value.name, value.type, value.shape) for value in session.get_inputs()]


def random_inputs(
    specs: Sequence[InputSpec],
    *,
    seed: int = 0,
    dims: Mapping[str, int] | None = None,
    bounds: Mapping[str, int] | None = None,
    sizes: Sizes | None = None,
) -> dict[str, NDArray[Any]]:
    """Draw one array per input; what an input gets depends on its name and the seed, not on the others.

    Floats are normal(0, 1); integers are uniform in [0, bound), where `bounds` gives the exclusive upper
    bound by input name (as the rows of an embedding table) and `sizes.bound` is the default; 8-bit integers
    of rank 3 or more, which are images, use their whole range; bools are true; strings are "a". Masks,
    positions, token types, lengths, sample rates and thresholds get values that make sense, below the
    bound if one is given. bfloat16 is float32 rounded to it (see `run`). `dims` and `sizes` set dynamic
    axes, see `concrete_shapes`. Raises InputError for an input of more than `MOST_NUMBERS`.
    """
    chosen = sizes or Sizes()
    shapes = concrete_shapes(specs, dims=dims, sizes=chosen)
    longest = _running_length(specs, shapes, chosen.sequence)
    feeds = {}
    for spec in specs:
        if math.prod(shapes[spec.name]) > MOST_NUMBERS:
            raise InputError(f"the input {spec.name!r} of shape {list(shapes[spec.name])} is too large to make up")
        rng = np.random.default_rng([seed, zlib.crc32(spec.name.encode())])
        bound = (bounds or {}).get(spec.name)
        values = _named_values(spec, shapes[spec.name], longest)
        if values is None:
            values = _drawn_values(spec, shapes[spec.name], rng, bound or chosen.bound)
        elif bound and spec.dtype in _WHOLE:
            values = np.minimum(values, bound - 1)
        feeds[spec.name] = _cast(values, spec.dtype)
    return feeds


def common_specs(models: Sequence[tuple[str, Sequence[InputSpec]]]) -> list[InputSpec]:
    """The inputs that all models, given with their labels, can be fed with; a fixed length wins.

    Raises InputError naming the model and the input if names, types or fixed lengths differ.
    """
    first_label, first = models[0]
    merged = {spec.name: spec for spec in first}
    for label, specs in models[1:]:
        for name in sorted(merged.keys() ^ {spec.name for spec in specs}):
            has, lacks = (first_label, label) if name in merged else (label, first_label)
            raise InputError(f"the models can't be fed alike: {has} has an input {name!r} that {lacks} lacks")
        for spec in specs:
            merged[spec.name] = _merge(merged[spec.name], spec, f"{first_label} and {label}")
    return list(merged.values())


def _merge(one: InputSpec, other: InputSpec, labels: str) -> InputSpec:
    pairs = list(zip(one.shape, other.shape, strict=False))
    clash = any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)
    if one.dtype != other.dtype or len(one.shape) != len(other.shape) or clash:
        raise InputError(
            f"the input {one.name!r} differs between {labels}: "
            f"{one.dtype}{list(one.shape)} against {other.dtype}{list(other.shape)}"
        )
    return InputSpec(one.name, one.dtype, tuple(b if isinstance(b, int) else a for a, b in pairs))


def _spec(name: str, onnx_type: str, shape: Sequence[Dim]) -> InputSpec:
    element = re.fullmatch(r"tensor\((\w+)\)", onnx_type)
    if element is None or element[1] not in _DTYPES:
        raise InputError(f"the input {name!r} is a {onnx_type}, and no values can be made up for that")
    return InputSpec(name, _DTYPES[element[1]], tuple(_dim(dim) for dim in shape))


def _dim(dim: Dim) -> Dim:
    """ "?" and -1 are how some exporters write an axis without a name."""
    is_nameless = dim in (None, "", "?") or (isinstance(dim, int) and dim < 0)
    return None if is_nameless else dim


def _running_length(specs: Sequence[InputSpec], shapes: Mapping[str, tuple[int, ...]], default: int) -> int:
    """The first dynamic axis that isn't the batch: what an input of lengths tells the length of."""
    for spec in specs:
        for axis, dim in enumerate(spec.shape[1:], 1):
            if not isinstance(dim, int):
                return shapes[spec.name][axis]
    return default


def _named_values(spec: InputSpec, shape: tuple[int, ...], longest: int) -> NDArray[Any] | None:
    name = spec.name.lower()
    for pattern, dtypes, fill in _BY_NAME:
        if spec.dtype in dtypes and re.search(pattern, name):
            return fill(shape)
    if spec.dtype in _WHOLE and re.search(r"length|seqlen|_lens?$", name):
        return np.full(shape, longest)
    return None


def _drawn_values(spec: InputSpec, shape: tuple[int, ...], rng: np.random.Generator, bound: int) -> NDArray[Any]:
    if spec.dtype == "str":
        return np.full(shape, "a")
    if spec.dtype == "bool":
        return np.ones(shape)
    if spec.dtype in _REAL:
        return rng.standard_normal(shape)
    if spec.dtype in ("int8", "uint8") and len(shape) >= 3:
        limits = np.iinfo(spec.dtype)
        return rng.integers(limits.min, limits.max + 1, shape)
    return rng.integers(0, bound, shape)


def _cast(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    if dtype == "bfloat16":
        return bfloat16.from_bits(bfloat16.to_bits(values))
    return np.array(values, dtype=None if dtype == "str" else dtype)
