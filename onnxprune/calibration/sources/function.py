"""`package.module:function`: calls from the user's own code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onnxprune.calibration.batch import samples_in, some
from onnxprune.calibration.conform import conform
from onnxprune.calibration.labels import inputs_of
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.users import current_folder_on_path, is_name, users_function
from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec
from onnxprune.words import cause


def _fits(text: str) -> bool:
    return is_name(text) and not Path(text).exists()


@source("MODULE:FUNCTION", _fits)
def function(request: Request) -> Found:
    """The function takes nothing and yields calls, which are kept; no more are drawn than are wanted."""
    calls: list[dict[str, Array]] = []
    samples = 0
    with current_folder_on_path():
        drawn = _drawn(request.text)
        while samples < request.samples:
            where = f"{request.text}, call {len(calls)}"
            try:
                given = next(drawn, None)
            except (Exception, SystemExit) as error:  # the user's code may raise anything
                raise InputError(f"{where}: the function failed with {cause(error)}") from error
            if given is None:
                break
            named = _named(given, request.specs, where)
            calls.append(conform(inputs_of(named, request.labels), request.specs, where))
            if request.labels in named:
                calls[-1][request.labels] = np.asarray(named[request.labels])
            samples += samples_in(calls[-1], request.specs)
    return Found(len(calls), calls.__getitem__, lambda index: f"{request.text}, call {index}", _digest(calls))


def _drawn(text: str) -> Iterator[Any]:
    found = users_function(text)
    try:
        made = found()
        return iter([made] if isinstance(made, Mapping) else made)
    except (Exception, SystemExit) as error:
        raise InputError(f"{text}: the function failed with {cause(error)}") from error


def _named(given: Any, specs: Sequence[InputSpec], where: str) -> Mapping[str, Any]:
    """A dict as it is; the arrays of a tuple or list in the inputs' order; anything else is the only input's."""
    if isinstance(given, Mapping):
        return given
    values = given if isinstance(given, tuple | list) else (given,)
    if len(values) != len(specs):
        names = ", ".join(spec.name for spec in specs)
        raise InputError(
            f"{where}: yields {some(len(values), 'array')}, but the model has {some(len(specs), 'input')}: {names}"
        )
    return {spec.name: value for spec, value in zip(specs, values, strict=True)}


def _digest(calls: Sequence[Mapping[str, Array]]) -> str:
    digest = hashlib.sha256()
    for call in calls:
        for name, values in call.items():
            little = values.astype(values.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{name} {little.dtype.str} {little.shape} ".encode())
            digest.update(np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()
