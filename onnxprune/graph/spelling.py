"""How a shape operand can be written down: known lengths as numbers, open ones as 0, -1 or 1 where that says the same.

Values are those of `onnxprune.graph.values`: numbers, symbols, None. Of the entries that come out, None is one that
must stay computed.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnxprune.graph.lengths import product, quotient

Length = int | str | None
Entries = list[int | None]


def spell_reshape(values: Sequence[Length], shape: Sequence[Length], allow_zero: bool) -> tuple[Entries, list[Length]]:
    """Entries of a Reshape's target, and what is known of the shape that it makes.

    shape: of the data; allow_zero: 0 means a length of 0 instead of "as it was". 0 comes out for a length that stays
    in its place, unless the target has a 0 that is meant; a number for a -1 that can be told; -1 for one open length.
    """
    meant = allow_zero and 0 in values
    entries: Entries = [v if isinstance(v, int) else None for v in values]
    same: list[Length] = [shape[i] if i < len(shape) else None for i in range(len(values))]
    made = [s if v == 0 and not allow_zero else v for v, s in zip(values, same, strict=True)]
    if -1 in made:
        rest = _rest(shape, made)
        if rest is not None:
            at = made.index(-1)
            made[at] = rest
            entries[at] = rest if isinstance(rest, int) else -1
    for i, name in enumerate(made):
        if entries[i] is None and isinstance(name, str) and name == same[i] and not meant:
            entries[i] = 0
    if -1 not in entries and None in entries and not (meant and 0 in entries):
        unnamed = [i for i, e in enumerate(entries) if e is None and values[i] is None]
        entries[unnamed[0] if unnamed else entries.index(None)] = -1
    return entries, [None if m == -1 else m for m in made]


def _rest(shape: Sequence[Length], made: Sequence[Length]) -> Length:
    """The length that -1 stands for, where it can be told."""
    whole, known = ([d for d in side if d is not None] for side in (shape, [m for m in made if m != -1]))
    if len(whole) < len(shape) or len(known) < len(made) - 1:
        return None
    above, below = product(whole), product(known)
    return None if above is None or below is None else quotient(above, below)


def spell_expand(values: Sequence[Length], shape: Sequence[Length]) -> Entries:
    """Entries of an Expand's target. 1 comes out for an open length that the data have already."""
    entries: Entries = [v if isinstance(v, int) else None for v in values]
    offset = len(values) - len(shape)
    for i, value in enumerate(values):
        if isinstance(value, str) and i >= offset and shape[i - offset] == value:
            entries[i] = 1
    return entries
