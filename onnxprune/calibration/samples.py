"""Single samples of data, for what has to be known of each by itself, as its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxprune.calibration.batch import spaced
from onnxprune.calibration.data import Call, Data
from onnxprune.runtime import Array


@dataclass(frozen=True, slots=True)
class Sample:
    """feeds: a call that holds one sample, or a whole one whose batch can't be cut; label: what should come out of it,
    with the batch axis; None where nobody said"""

    feeds: Call
    label: Array | None = None


class Samples:
    """At most so many samples of data, evenly spaced. They are made anew every time that they are gone through."""

    def __init__(self, data: Data, wanted: int) -> None:
        self._data = data
        self._cut = bool(data.batch)
        self._rows = data.rows if self._cut else (1,) * len(data)
        self._picked = spaced(sum(self._rows), wanted)

    def __len__(self) -> int:
        return len(self._picked)

    def __iter__(self) -> Iterator[Sample]:
        start, picked = 0, iter(self._picked)
        at = next(picked, None)
        for number, rows in enumerate(self._rows):
            mine = []
            while at is not None and at < start + rows:
                mine.append(at - start)
                at = next(picked, None)
            start += rows
            if mine:
                yield from self._of_call(number, mine)

    def _of_call(self, number: int, rows: list[int]) -> Iterator[Sample]:
        call, label = self._data[number], self._data.label(number)
        if not self._cut:
            yield Sample(call, label)
            return
        batch = self._data.batch
        for row in rows:
            feeds = {name: np.take(v, [row], axis=batch[name]) if name in batch else v for name, v in call.items()}
            yield Sample(feeds, None if label is None else label[row : row + 1])

    def told(self) -> dict[str, Any]:
        """What decides which samples these are."""
        return {"data": self._data.digest, "rows": self._data.rows, "picked": self._picked, "label": self._data.labels}
