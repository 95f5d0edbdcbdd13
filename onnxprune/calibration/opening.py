"""From what the user gives to data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from onnxprune.calibration.batch import open_batch, open_batches, samples_in, settled
from onnxprune.calibration.conform import conform
from onnxprune.calibration.data import Call, Data
from onnxprune.calibration.labels import check_labels, inputs_of, labels_of
from onnxprune.calibration.registry import Found, Request, Source, sources
from onnxprune.errors import InputError
from onnxprune.runtime import Array, Feeds, InputSpec

SAMPLES = 512
MADE_UP = "random"

NOTHING = "none"
"""For data: there are none, and none are to be made up."""


def open_data(
    text: str,
    specs: Sequence[InputSpec],
    *,
    samples: int = SAMPLES,
    preprocess: Path | None = None,
    dims: Mapping[str, int] | None = None,
    seed: int = 0,
    bounds: Mapping[str, int] | None = None,
    like: Feeds | None = None,
    labels: str = "",
    together: int = 1,
) -> Data:
    """The data that a text names, for a model with these inputs; docs/data.md shows every form.

    samples: at most so many, evenly spaced over what is there; preprocess: what becomes of a picture; dims: lengths of
    open axes, by symbol or `input:axis`; for data that is made up: seed, bounds (see `random_inputs`), like (inputs of
    the lengths that they get), together (how many samples a call holds, where all inputs leave that open); labels: the
    name of what should come out, besides the inputs, or empty. All calls are made and checked once, but pictures only
    when they are used. Raises InputError where the data can't be read or don't suit the inputs.
    """
    if samples < 1:
        raise InputError(f"the number of samples must be positive, but is {samples}")
    if not specs:
        raise InputError(f"{text}: the model has no inputs, so there is nothing to give it")
    if like is not None and text == MADE_UP:
        specs, dims = [_as_long(spec, like[spec.name].shape, together) for spec in specs], None
    known = settled(specs, dims)
    check_labels(labels, specs)
    request = Request(text, known, specs, samples, preprocess, dims or {}, seed, bounds, labels, together)
    try:
        source = _source(text)
        if preprocess is not None and not source.preprocess:
            raise InputError(f"{preprocess}: says what becomes of pictures, but {text} is of the form {source.form}")
        return _checked(source.open(request), request)
    except OSError as error:  # a folder that may not be listed, a name that is too long
        raise InputError(f"{text}: {error.strerror or error}") from error


def _as_long(spec: InputSpec, lengths: Sequence[int], together: int) -> InputSpec:
    """An input of these lengths; how many samples there are stays open if they may come together."""
    free = open_batch(spec) if together > 1 else None
    shape = [spec.shape[axis] if axis == free else length for axis, length in enumerate(lengths)]
    return InputSpec(spec.name, spec.dtype, tuple(shape))


def _source(text: str) -> Source:
    known = sources()
    fitting = [one for one in known if text and one.fits(text)]  # no name is the folder that one happens to be in
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(f"{text}: holds data of several kinds: {', '.join(one.form for one in fitting)}")
    reason = "isn't data of a known form" if text and Path(text).exists() else "no such file or folder"
    raise InputError(f"{text}: {reason}; there are {', '.join(one.form for one in known)}")


def _checked(found: Found, request: Request) -> Data:
    if not found.count:
        raise InputError(f"{request.text}: holds no data")

    def make(index: int) -> Call:
        return conform(inputs_of(found.make(index), request.labels), request.specs, found.where(index))

    rows = found.rows
    if rows is None:
        rows = tuple(samples_in(make(i), request.specs) for i in range(found.count))
    batch, digest = open_batches(request.specs), found.digest
    data = Data(request.text, digest, rows, make, batch, found.synthetic, warnings=found.warnings)
    if request.labels:
        data = replace(data, labels=request.labels, tell=_teller(found, request.labels, rows))
    return replace(data.fewer(request.samples), digest=digest)  # calls of several samples each can come to more


def _teller(found: Found, name: str, rows: Sequence[int]) -> Callable[[int], Array]:
    """What tells the labels of a call. Raises InputError where some are missing or don't suit."""

    def tell(index: int) -> Array:
        return labels_of(found.make(index), name, rows[index], found.where(index))

    for index in range(found.count):
        tell(index)
    return tell
