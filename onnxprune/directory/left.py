"""Models of a directory that are left as they are, though they hold the weights of some that are pruned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph import all_stored, load
from onnxprune.pruning.ties import matrix_digests


def left_behind(folder: Path, made: Path, pruned: Sequence[str], others: Sequence[str]) -> list[str]:
    """A sentence for every other model that holds a matrix which a pruned one lost, or lost units of.

    folder, made: where the models are before and after.
    """
    if not others:
        return []
    lost = {name: _matrices(folder / name) - _matrices(made / name) for name in pruned}
    told: list[str] = []
    for other in others:
        own = _matrices(folder / other)
        if (name := next((name for name, found in lost.items() if found & own), None)) is not None:
            told.append(f"{other} holds weights of {name} and isn't pruned with it, so they are two models from now on")
    return told


def _matrices(path: Path) -> set[str]:
    """None of a file that is no usable model: nobody asked for it."""
    try:
        return matrix_digests(all_stored(load(path)))
    except InputError:
        return set()
