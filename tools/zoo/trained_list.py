"""Every trained model that models/ has a recipe for, those left out that would have to be made first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from models import recipe
from models.making import at_hand
from tools.zoo.entry import Entry


def entries() -> list[Entry]:
    """The list."""
    return [Entry(f"trained.{name}", "trained", _copy(name)) for name in at_hand()]


def _copy(name: str) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        shutil.copyfile(recipe.load(name).obtain(), file)

    return make
