"""Inputs that several models can all be fed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from onnxprune.calibration import MADE_UP, Data, open_data
from onnxprune.errors import InputError
from onnxprune.graph import index_bounds, load
from onnxprune.runtime import Feeds, common_specs, input_specs, runnable_inputs, session


def common_feeds(
    models: Sequence[Path],
    *,
    dims: Mapping[str, int] | None = None,
    provider: str = "cpu",
    threads: int = 1,
    seed: int = 0,
) -> Feeds:
    """Random inputs on which the first model was run once and that suit all.

    Raises InputError where the models can't be fed alike, or the first doesn't run.
    """
    _present(models)
    sessions = [session(model, provider=provider, threads=threads) for model in models]
    specs = common_specs([(str(m), input_specs(s)) for m, s in zip(models, sessions, strict=True)])
    return runnable_inputs(sessions[0], specs=specs, seed=seed, dims=dims, bounds=_bounds(models[0]))


def common_data(
    models: Sequence[Path],
    text: str,
    *,
    feeds: Feeds,
    samples: int,
    preprocess: Path | None = None,
    dims: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Data:
    """The user's data as calls of all models. Raises InputError where they can't be read or don't suit the inputs.

    feeds: what the models are known to run on, whose shapes data get that are made up
    """
    specs = common_specs([(str(model), input_specs(session(model))) for model in models])
    bounds = _bounds(models[0]) if text == MADE_UP else None
    return open_data(
        text, specs, samples=samples, preprocess=preprocess, dims=dims, seed=seed, bounds=bounds, like=feeds
    )


def _present(models: Sequence[Path]) -> None:
    for model in models:
        if not model.is_file():
            raise InputError(f"{model}: {'is a folder, not an ONNX file' if model.is_dir() else 'no such file'}")


def _bounds(model: Path) -> dict[str, int] | None:
    """Rows of the tables that integer inputs index; None for a model that only ONNX Runtime understands."""
    try:
        return dict(index_bounds(load(model).graph))
    except InputError:
        return None
