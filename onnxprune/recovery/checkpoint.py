"""What a killed training goes on from: one file, replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from onnxprune.graph.scratch import held, scratch_name

SECONDS = 30.0
"""Between checkpoints, at least."""


class Checkpoint:
    """A training's state in a file beside its output. key: what the training is of; others' files are not read"""

    def __init__(self, path: Path | None, key: str) -> None:
        self._path = path
        self._key = key

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last; None where there is none of this training."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            found: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception:  # whatever lies there, it is no checkpoint
            return None
        return found if isinstance(found, dict) and found.get("key") == self._key else None

    def save(self, state: dict[str, Any]) -> None:
        """Replace what was saved. Raises OSError."""
        if self._path is None:
            return
        place = scratch_name(self._path.parent)
        place.touch()
        with held(place):
            torch.save({**state, "key": self._key}, place)
            os.replace(place, self._path)

    def remove(self) -> None:
        """The training is over."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
