"""Arrays that hold many samples, cut into calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from onnxprune.calibration.batch import fixed_batch, open_batch, some, spaced
from onnxprune.calibration.conform import check_names, check_shape, wrong_shape
from onnxprune.calibration.labels import inputs_of
from onnxprune.calibration.registry import Found
from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec

BATCH = 32
"""Samples in a call, where the model leaves that open."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How an array becomes calls: `count` pieces of `step` indices along `axis`.

    axis: None where the array is one call's; single: a piece is one index, whose axis goes away; open: the batch axis
    is open, so `count` counts samples, which any number of can make a call; constant: it can serve every call
    """

    name: str
    array: Array
    axis: int | None
    count: int
    step: int = 1
    single: bool = False
    open: bool = False
    constant: bool = False

    def take(self, pieces: Sequence[int]) -> Array:
        """The values of these pieces, one behind the other."""
        if self.axis is None:
            return self.array
        if self.single:
            return np.asarray(self.array[pieces[0]])
        indices = [piece * self.step + i for piece in pieces for i in range(self.step)]
        return np.take(self.array, indices, axis=self.axis)

    @property
    def words(self) -> str:
        """How many of what."""
        return some(self.count, "sample" if self.open else "call")


def cut(
    arrays: Mapping[str, Array], specs: Sequence[InputSpec], samples: int, name: str, digest: str, labels: str = ""
) -> Found:
    """The calls that whole arrays hold, by input name; at most `samples` samples, evenly spaced over all.

    Where the rank is the input's, the batch axis is cut, into calls of `BATCH` or of the model's own fixed batch;
    where it is one higher, every index of the first axis is a call. An array of an input's fixed shape goes into
    all calls. The array called `labels`, if any, is cut along its first axis as the inputs are. Raises InputError where
    names or shapes don't suit, or the counts differ.
    """
    check_names(inputs_of(arrays, labels), specs, name)
    cuts = [_cut(arrays[spec.name], spec, name) for spec in specs]
    varying = _alike([c for c in cuts if not c.constant], name)
    if not varying:
        return Found(1, lambda _: dict(arrays), lambda _: name, digest)
    lead = varying[0]
    if labels in arrays:
        cuts.append(_of_labels(arrays[labels], labels, lead, name))
    per_call = 1 if lead.open else _rows(lead, specs)
    picked = spaced(lead.count, max(samples // per_call, 1))
    width = BATCH if lead.open else 1
    calls = [picked[i : i + width] for i in range(0, len(picked), width)]
    make, where = partial(_make, calls, cuts), partial(_where, calls, lead, name)
    return Found(len(calls), make, where, digest, warnings=tuple(_dropped(cuts, name)))


def _cut(array: Array, spec: InputSpec, name: str) -> Cut:
    shape, rank = array.shape, len(spec.shape)
    if 0 in shape[:1]:
        raise InputError(f"{name}: the array for the input '{spec.name}', of shape {list(shape)}, is empty")
    if array.ndim == rank + 1:
        check_shape(shape[1:], spec, name)
        return Cut(spec.name, array, 0, shape[0], single=True)
    axis, size = open_batch(spec), fixed_batch(spec)
    if array.ndim != rank or axis is not None or size is None or shape == spec.shape:
        check_shape(shape, spec, name)
        if axis is not None:
            return Cut(spec.name, array, axis, shape[axis], open=True)
        return Cut(spec.name, array, None, 1, constant=shape == spec.shape)
    check_shape((size, *shape[1:]), spec, name)
    if shape[0] < size:
        raise wrong_shape(shape, spec, name, f"takes {size} samples at a time, more than there are")
    return Cut(spec.name, array, 0, shape[0] // size, size)


def _of_labels(array: Array, labels: str, lead: Cut, name: str) -> Cut:
    """Labels are cut as the input that decides what a call is."""
    if lead.axis is None:
        return Cut(labels, array, None, 1)
    held = lead.array.shape[lead.axis]
    if array.ndim == 0 or len(array) != held:
        found = some(len(array), "label") if array.ndim else "a single label"
        raise InputError(f"{name}: '{lead.name}' holds {some(held, 'sample')}, but '{labels}' {found}")
    return Cut(labels, array, 0, lead.count, lead.step, lead.single, lead.open)


def _alike(cuts: list[Cut], name: str) -> list[Cut]:
    """The cuts, those of an open batch first, if they make as many calls.

    An open batch that makes a single call goes with an array that is no batch.
    """
    ordered = sorted(cuts, key=lambda c: not c.open)
    for first, other in pairwise(ordered):
        alike = first.count == other.count and first.open == other.open
        if not alike and not (first.open and first.count <= BATCH and other.axis is None):
            raise InputError(f"{name}: '{first.name}' holds {first.words}, but '{other.name}' {other.words}")
    return ordered


def _rows(one: Cut, specs: Sequence[InputSpec]) -> int:
    """Samples in one call."""
    axis = open_batch(next(spec for spec in specs if spec.name == one.name))
    return int(one.array.shape[axis + 1]) if one.single and axis is not None else one.step


def _make(calls: Sequence[Sequence[int]], cuts: Sequence[Cut], index: int) -> dict[str, Array]:
    return {one.name: one.take(calls[index]) for one in cuts}


def _where(calls: Sequence[Sequence[int]], lead: Cut, name: str, index: int) -> str:
    first, last = calls[index][0], calls[index][-1]
    noun = "sample" if lead.open else "call"
    return f"{name}, {noun} {first}" if first == last else f"{name}, {noun}s {first} to {last}"


def _dropped(cuts: Sequence[Cut], name: str) -> list[str]:
    over = {one.name: one.array.shape[0] % one.step for one in cuts if one.step > 1}
    return [
        f"{name}: {some(count, 'sample')} of '{key}' at the end, too few for a batch, left out"
        for key, count in over.items()
        if count
    ]
