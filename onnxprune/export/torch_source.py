"""`torch:package.module:factory` and `torch:path/to/file.py:factory`."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.adapter import adapt
from onnxprune.export.examples import example
from onnxprune.export.options import take_shapes, values
from onnxprune.export.source import Source
from onnxprune.export.weights import load_weights
from onnxprune.words import cause, did_you_mean

if TYPE_CHECKING:
    import torch


def load_torch(target: str, options: dict[str, str]) -> Source:
    """A module from the user's own code; options other than `input` and `weights` go to the factory."""
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise InputError(f"torch:{target} should read torch:package.module:factory or torch:file.py:factory")
    shapes, weights = take_shapes(options), options.pop("weights", None)
    factory = _attribute(_module(place), name, place)
    made, examples = _split(_call(factory, options, target), target)
    if weights is not None:
        load_weights(made, Path(weights))
    tensors = [example(shape, dtype) for shape, dtype in shapes] or examples
    if not tensors:
        raise InputError(f"torch:{target} comes without example inputs: give their shapes, as input=1x3x224x224")
    if isinstance(tensors, Mapping):
        return adapt(f"torch:{target}", made, tensors, keywords={})
    return adapt(f"torch:{target}", made, dict(zip(_names(made, len(tensors)), tensors, strict=True)))


def _module(place: str) -> ModuleType:
    try:
        if place.endswith(".py"):
            return _from_file(Path(place))
        with _on_path(Path.cwd()):
            return importlib.import_module(place)
    except InputError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise InputError(f"can't import {place}: {cause(error)}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"there's no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} isn't a Python file")
    module = importlib.util.module_from_spec(spec)
    with _on_path(path.resolve().parent):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _attribute(module: ModuleType, name: str, place: str) -> Any:
    if not hasattr(module, name):
        known = [key for key in vars(module) if not key.startswith("_")]
        raise InputError(f"{place} has no {name}{did_you_mean(name, known)}")
    return getattr(module, name)


def _call(factory: Any, options: dict[str, str], target: str) -> Any:
    import torch

    if isinstance(factory, torch.nn.Module):
        return factory
    try:
        return factory(**values(options))
    except Exception as error:  # the user's code may raise anything
        raise InputError(f"torch:{target} failed: {cause(error)}") from error


def _split(made: Any, target: str) -> tuple[torch.nn.Module, Sequence[torch.Tensor] | Mapping[str, torch.Tensor]]:
    """(module, examples): what the factory returned may be the first alone."""
    import torch

    module, examples = made if isinstance(made, tuple) and len(made) == 2 else (made, ())
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"torch:{target} returned a {type(module).__name__} where an nn.Module was expected")
    if isinstance(examples, torch.Tensor):
        return module, (examples,)
    tensors = list(examples.values()) if isinstance(examples, Mapping) else list(examples)
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
        raise InputError(f"torch:{target} returned example inputs that aren't all tensors")
    return module, examples


def _names(module: torch.nn.Module, count: int) -> list[str]:
    """Names of the positional parameters of `forward`, then input_N for the rest."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind in kinds][:count]
    return names + [f"input_{index}" for index in range(len(names), count)]
