"""What is known by a name: criteria, budgets, repairs."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from onnxprune.errors import InputError
from onnxprune.words import did_you_mean


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """Entries by name; kind: what one of them is called in messages."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register an entry under its name."""
        self._entries[entry.name] = entry

    def all(self) -> list[Entry]:
        """All entries, by name."""
        return [self._entries[name] for name in sorted(self._entries)]

    def get(self, name: str) -> Entry:
        """An entry by name. Raises InputError naming those there are."""
        if name not in self._entries:
            known = f"there are {', '.join(sorted(self._entries))}"
            raise InputError(f"no {self._kind} '{name}'; {known}{did_you_mean(name, self._entries)}")
        return self._entries[name]
