"""baseline.json: what a model was when it was recorded, and where it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.gate.figures import Conditions, Figures, figures
from onnxprune.gate.typed import typed
from onnxprune.graph.save import write_atomic
from onnxprune.pruning.plan import digests
from onnxprune.report.feeds import common_data, common_feeds
from onnxprune.report.pieces import given
from onnxprune.report.record import Given, to_json
from onnxprune.runtime.environment import Environment, environment

VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model: its path, relative to baseline.json where it can be, and sha256 of the file and of its data files."""

    path: str
    sha256: list[str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A recorded model. data: what fidelity is to be measured on; preprocess: what becomes of pictures there."""

    version: int
    model: ModelFile
    environment: Environment
    conditions: Conditions
    figures: Figures
    data: Given | None = None
    preprocess: str | None = None

    def to_json(self) -> str:
        """The text of baseline.json."""
        return to_json(self)

    def write(self, path: Path | str) -> Path:
        """Write baseline.json, whole or not at all. Raises InputError where that can't be."""
        try:
            return write_atomic(Path(path), [self.to_json().encode()])
        except OSError as error:
            raise InputError(f"{path}: can't be written ({error.strerror or error})") from None

    def model_path(self, folder: Path) -> Path:
        """Where the recorded model is, baseline.json being in `folder`."""
        return folder / self.model.path


def record(
    model: Path | str,
    output: Path | str | None = None,
    *,
    dims: Mapping[str, int] | None = None,
    threads: int = 1,
    provider: str = "cpu",
    seed: int = 0,
    data: str | None = None,
    samples: int = 512,
    preprocess: Path | None = None,
) -> Baseline:
    """Look at a model and write what it is to `output`, if that is given.

    data, samples, preprocess: see `calibration.open_data`. Raises InputError for what is no usable model or data.
    """
    path = Path(model)
    if preprocess is not None and data is None:
        raise InputError(f"{preprocess}: says what becomes of pictures, but no data is given")
    how = Conditions(dict(dims or {}), threads, provider, seed)
    feeds = common_feeds([path], dims=how.dims, provider=provider, threads=threads, seed=seed)
    told = None
    if data is not None:
        told = common_data([path], data, feeds=feeds, samples=samples, preprocess=preprocess, dims=dims, seed=seed)
    made = Baseline(
        version=VERSION,
        model=ModelFile(_beside(path, Path(output) if output else None), digests(path)),
        environment=environment(threads, provider),
        conditions=how,
        figures=figures(path, how, feeds=feeds),
        data=given(told) if told else None,
        preprocess=str(preprocess) if preprocess else None,
    )
    if output is not None:
        made.write(output)
    return made


def read(path: Path | str) -> Baseline:
    """The baseline in a file. Raises InputError, naming what is wrong, for what isn't one."""
    path = Path(path)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; `onnxprune gate record MODEL -o FILE` makes one"
        ) from None
    except ValueError:  # of JSON and of UTF-8
        raise InputError(f"{path}: isn't JSON, so it's no baseline") from None
    version = body.get("version") if isinstance(body, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise InputError(f"{path}: is of a newer version of onnxprune ({version}, known is {VERSION})")
    return _checked(body, path)


def _checked(body: Any, path: Path) -> Baseline:
    try:
        made = typed(body, Baseline)
    except ValueError as error:
        raise InputError(f"{path}: isn't a baseline that `onnxprune gate record` wrote: {error}") from None
    assert isinstance(made, Baseline)
    return made


def _beside(model: Path, output: Path | None) -> str:
    """The model's path as seen from the baseline's folder, so that a repository may lie anywhere."""
    folder = (output.parent if output else Path()).resolve()
    try:
        return Path(os.path.relpath(model.resolve(), folder)).as_posix()
    except ValueError:  # another drive
        return str(model.resolve())
