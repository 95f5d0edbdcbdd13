"""Running the part of a model that computes some of its tensors."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from onnxprune.graph import Model, finish, save_part
from onnxprune.runtime import Feeds, session
from onnxprune.runtime.run import Array, run


class Part:
    """A session of a serialized model, on all cores (threads: 0) or some.

    calls: how many it is asked for together. They are run side by side, each on a core of its own, for one small call
    keeps no second core busy: ResNet-50 on single pictures is 1.6 times as fast that way on two.
    """

    def __init__(self, model: bytes | Path, threads: int = 0, calls: int = 1) -> None:
        cores = threads or os.cpu_count() or 1
        self._abreast = max(min(cores, calls), 1)
        self._session = session(model, threads=cores // self._abreast)
        self._inputs = [value.name for value in self._session.get_inputs()]

    def __call__(self, feeds: Feeds) -> dict[str, Array]:
        """The outputs by name; feeds that aren't read are left out. Raises InputError where the model can't be run."""
        return run(self._session, {name: feeds[name] for name in self._inputs if name in feeds})

    def each(self, calls: Iterable[Feeds]) -> Iterator[dict[str, Array]]:
        """The outputs of every call, in order; a few calls are under way or wait at a time. Raises as a call does."""
        if self._abreast == 1:
            yield from map(self, calls)
            return
        with ThreadPoolExecutor(self._abreast) as pool:
            ahead: deque[Future[dict[str, Array]]] = deque()
            for feeds in calls:
                ahead.append(pool.submit(self, feeds))
                if len(ahead) > self._abreast:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


def part_of(model: Model, names: Iterable[str], threads: int = 0, calls: int = 1) -> Part:
    """A session that makes the named tensors of a normalised model, and nothing beyond them; of any size.

    The model is used up. Its weights go through a folder of the system's for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="onnxprune-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "part.onnx"
        save_part(finish(model), names, path)
        return Part(path, threads, calls)
