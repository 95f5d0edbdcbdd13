"""The protobuf wire format, as far as it takes to leave the weights of a model file where they lie.

A model file is a message of fields; weights are `raw_data` of TensorProtos, some levels down. `outline` copies the
file without them: each is replaced by a reference to its place in the file, spelled as external data are.

Source of the format: https://protobuf.dev/programming-guides/encoding; the field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from typing import TypeVar

INLINE_BYTES = 1024
"""Stored tensors up to this size stay in the protobuf: shape inference reads them."""

SELF = "\0"
"""The location of data that lie in the model file itself."""

T = TypeVar("T", bound=Sized)
Chunk = bytes | memoryview
Level = dict[int, "Level"]

_GROUP_WIRE_TYPES = (3, 4)
_RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION = 9, 13, 14

_TENSOR: Level = {}
_GRAPH: Level = {5: _TENSOR}
_GRAPH[1] = {5: {5: _TENSOR, 6: _GRAPH}}  # node, attribute, its t and its g
_MODEL: Level = {7: _GRAPH}


class MalformedError(ValueError):
    """Bytes that are no message of the wire format that this module knows."""


def outline(data: memoryview) -> bytes | None:
    """A model file with its weights replaced by references; None where it isn't spelled as expected.

    None says nothing about the file: it is up to the protobuf parser to refuse it.
    """
    try:
        return b"".join(_message(data, 0, len(data), _MODEL))
    except (MalformedError, IndexError, RecursionError):
        return None


def _message(data: memoryview, start: int, stop: int, level: Level) -> list[Chunk]:
    chunks: list[Chunk] = []
    kept = start
    for number, at, first, last in fields(data, start, stop):
        inner = level.get(number)
        if inner is None or last - first <= INLINE_BYTES:
            continue
        part = _tensor(data, first, last) if inner is _TENSOR else _message(data, first, last, inner)
        chunks += [data[kept:at], *field(number, part)]
        kept = last
    chunks.append(data[kept:stop])
    return chunks


def _tensor(data: memoryview, start: int, stop: int) -> list[Chunk]:
    found = [(number, at, first, last) for number, at, first, last in fields(data, start, stop)]
    raw = [span for span in found if span[0] == _RAW_DATA]
    if len(raw) != 1 or any(span[0] == _EXTERNAL_DATA for span in found):
        return [data[start:stop]]
    _, at, first, last = raw[0]
    if last - first <= INLINE_BYTES:
        return [data[start:stop]]
    return [data[start:at], data[last:stop], *_reference(first, last - first)]


def _reference(offset: int, length: int) -> list[Chunk]:
    chunks: list[Chunk] = [varint(_DATA_LOCATION << 3), varint(1)]
    for key, value in (("location", SELF), ("offset", str(offset)), ("length", str(length))):
        chunks += field(_EXTERNAL_DATA, [*field(1, [key.encode()]), *field(2, [value.encode()])])
    return chunks


def fields(data: memoryview, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Length-delimited fields of a message: number, where the field starts, where its content starts and ends."""
    at = start
    while at < stop:
        tag, after = _read_varint(data, at)
        wire = tag & 7
        if wire == 2:
            length, first = _read_varint(data, after)
            after = first + length
            if after > stop:
                raise MalformedError("a field that is longer than its message")
            yield tag >> 3, at, first, after
        elif wire == 0:
            _, after = _read_varint(data, after)
        elif wire in _GROUP_WIRE_TYPES or wire > 5:
            raise MalformedError(f"wire type {wire}")
        else:
            after += 8 if wire == 1 else 4
        at = after
    if at != stop:
        raise MalformedError("a field that is longer than its message")


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = data[at]
    if value < 0x80:
        return value, at + 1
    value, shift = value & 0x7F, 7
    while shift < 64:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
        shift += 7
    raise MalformedError("a number of more than 64 bits")


def varint(value: int) -> bytes:
    """A non-negative number, seven bits a byte, the least significant first."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def field(number: int, content: Sequence[T]) -> list[T | bytes]:
    """A length-delimited field of chunks that have a length in bytes."""
    return [varint(number << 3 | 2), varint(sum(len(chunk) for chunk in content)), *content]
