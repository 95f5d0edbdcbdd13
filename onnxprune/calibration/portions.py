"""Work cut into portions that fit into memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def portions(needed: Mapping[Key, int], limit: int) -> Iterator[list[Key]]:
    """What fits into memory together. needed, limit: bytes; what needs more than the limit comes alone."""
    portion: list[Key] = []
    total = 0
    for key, size in needed.items():
        if portion and total + size > limit:
            yield portion
            portion, total = [], 0
        portion.append(key)
        total += size
    if portion:
        yield portion
