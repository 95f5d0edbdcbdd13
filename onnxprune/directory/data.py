"""The user's data for several models: a folder that holds those of each under its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnxprune.calibration import MADE_UP
from onnxprune.directory.models import label, some_names
from onnxprune.errors import InputError

FORMS = ("", ".npz", ".npy", ".jsonl")
"""What a model's data are called behind its label: a folder, or a file."""


def data_of(text: str | None, names: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """What `open_data` takes for every model, None where nobody gave data at all, and warnings.

    The data of a single model are what is given. One of several without data of its own gets made-up ones, so that all
    models are judged by the same criterion. Raises InputError where the text is no folder, or one without data of any
    of the models.
    """
    if text is None or text == MADE_UP or len(names) == 1:
        return dict.fromkeys(names, text), []
    folder, example = Path(text), label(names[0])
    layout = f"a folder that holds {example}.npz (or .npy, .jsonl, or a folder {example}), and so on"
    if not folder.is_dir():
        raise InputError(f"--data {text}: there are several models ({some_names(names)}), so give {layout}")
    found = {name: _own(folder, name) for name in names}
    lacking = [name for name, own in found.items() if own is None]
    if len(lacking) == len(names):
        raise InputError(f"--data {text}: holds nothing for any of {some_names(names)}; it should be {layout}")
    warnings = [f"{text} holds no data for {name} ({label(name)}.npz): inputs are made up for it" for name in lacking]
    return {name: own or MADE_UP for name, own in found.items()}, warnings


def _own(folder: Path, name: str) -> str | None:
    """The data called as the model is, or, of a model in a directory of its own, as that is."""
    called = [label(name), *([name.rpartition("/")[0]] if "/" in name else [])]
    places = (folder / f"{one}{form}" for one in called for form in FORMS)
    return next((str(place) for place in places if place.is_file() or _holds_data(place)), None)


def _holds_data(place: Path) -> bool:
    """Whether it is a folder with files in it, and not only one of folders."""
    return place.is_dir() and any(inner.is_file() for inner in place.iterdir())
