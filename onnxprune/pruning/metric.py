"""How good a model is, by a function of the user's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from onnxprune.calibration.users import current_folder_on_path, is_name, users_function
from onnxprune.errors import InputError
from onnxprune.runtime import Array, Feeds, run, session
from onnxprune.words import cause


class Metric:
    """A user's function, given as MODULE:FUNCTION, and what it says of the dense model.

    It takes a `run` (arrays by input name -> arrays by output name) and returns a number, higher is better. Raises
    InputError where it can't be imported or called, or where the dense model's quality is 0 or not finite.
    """

    def __init__(self, text: str, dense: Path, *, threads: int = 1, provider: str = "cpu") -> None:
        if not is_name(text):
            raise InputError(f"--metric {text}: should read MODULE:FUNCTION")
        self.text, self.threads, self.provider = text, threads, provider
        with current_folder_on_path():
            self.function = users_function(text)
        self.dense = self(dense)
        if not self.dense or not math.isfinite(self.dense):
            raise InputError(f"{text}: the dense model's quality is {self.dense:g}, so no loss can be a fraction of it")

    def __call__(self, model: Path) -> float:
        """The quality of a model file. Raises InputError where the function fails or returns no number."""
        loaded = session(model, threads=self.threads, provider=self.provider)

        def call(feeds: Feeds) -> dict[str, Array]:
            return run(loaded, feeds)

        try:
            with current_folder_on_path():
                found = self.function(call)
        except (Exception, SystemExit) as error:  # the user's code may raise anything
            raise InputError(f"{self.text}: the function failed with {cause(error)}") from error
        return self._number(found)

    def loss(self, quality: float) -> float:
        """How much of the dense model's quality is lost: negative where there is a gain, infinite for no number."""
        return (self.dense - quality) / abs(self.dense) if math.isfinite(quality) else math.inf

    def _number(self, found: Any) -> float:
        try:
            return float(found)
        except (TypeError, ValueError):
            kind = type(found).__name__
            raise InputError(f"{self.text}: should return a number, and returned a {kind}") from None
