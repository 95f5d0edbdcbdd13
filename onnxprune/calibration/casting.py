"""Values in the type of an input, where nothing is lost by it."""

from __future__ import annotations

import numpy as np

from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec, bfloat16


def cast(values: Array, spec: InputSpec, where: str) -> Array:
    """The values in the input's type; bfloat16 is float32 rounded to it.

    Raises InputError for NaN and infinity, for fractions where whole numbers are wanted, for numbers that the type
    doesn't hold, for text where numbers are wanted, and the reverse.
    """
    if (values.dtype.kind == "U") != (spec.dtype == "str") or values.dtype.kind not in "biufU":
        raise _refused(values, spec, where, "")
    if spec.dtype == "str":
        return values
    if values.dtype.kind == "f":
        _finite(values, spec, where)
    if spec.dtype == "bfloat16":
        return bfloat16.from_bits(bfloat16.to_bits(values))
    return _number(values, np.dtype(spec.dtype), spec, where)


def _number(values: Array, wanted: np.dtype[np.generic], spec: InputSpec, where: str) -> Array:
    if wanted.kind == "f":
        with np.errstate(over="ignore"):
            found = values.astype(wanted, copy=False)
        if not np.isfinite(found).all():
            raise _refused(values, spec, where, f", of which {_largest(values):g} is beyond it")
        return found
    if values.dtype.kind == "f" and (values != np.trunc(values)).any():
        fraction = values[values != np.trunc(values)][0]
        raise _refused(values, spec, where, f", of which {fraction:g} is no whole number")
    low, high = (0, 1) if wanted.kind == "b" else (np.iinfo(wanted).min, np.iinfo(wanted).max)  # type: ignore[type-var]
    for found in (values.min(), values.max()) if values.size else ():
        if not low <= int(found) <= high:
            raise _refused(values, spec, where, f", of which {int(found)} is beyond it")
    return values.astype(wanted, copy=False)


def _finite(values: Array, spec: InputSpec, where: str) -> None:
    good = np.isfinite(values)
    if good.all():
        return
    place = [int(index) for index in np.argwhere(~good)[0]]
    what = "NaN" if np.isnan(values[tuple(place)]) else "infinity"
    raise InputError(f"{where}: the input '{spec.name}' holds {what} at {place}")


def _largest(values: Array) -> float:
    return float(max(values.max(), -values.min(), key=abs))


def _refused(values: Array, spec: InputSpec, where: str, why: str) -> InputError:
    found = {"U": "text", "O": "Python objects", "S": "bytes"}.get(values.dtype.kind, str(values.dtype))
    wanted = "text" if spec.dtype == "str" else spec.dtype
    return InputError(f"{where}: the input '{spec.name}' takes {wanted}, but found are {found}{why}")
