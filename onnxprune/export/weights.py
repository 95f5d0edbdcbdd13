"""Put a local state_dict into a module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.lazy import need
from onnxprune.words import cause

if TYPE_CHECKING:
    import torch

_WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema")


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Load a `.safetensors` file, or one that `torch.load` reads without running code (`weights_only`).

    Every name and shape must fit, else `InputError`. Training scripts wrap a state_dict, by a dictionary
    {"state_dict": ...} or by the prefix "module." of data parallelism: both are undone.
    """
    state = _unwrap(_read(path))
    own = module.state_dict()
    # A counter of batches isn't a weight: older checkpoints lack it.
    missing = sorted(key for key in own.keys() - state.keys() if not key.endswith("num_batches_tracked"))
    surplus = sorted(state.keys() - own.keys())
    if missing or surplus:
        what = f"lacks {missing[0]}" if missing else f"has {surplus[0]}, which the model doesn't"
        raise InputError(f"weights={path} {what} ({len(missing)} missing, {len(surplus)} surplus)")
    try:
        module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(f"weights={path} don't fit the model: {cause(error)}") from error


def _read(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"weights={path} isn't a file")
    try:
        if path.suffix == ".safetensors":
            return need("safetensors.torch", "transformers").load_file(path)
        return need("torch", "torch").load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise InputError(f"weights={path} can't be read: {cause(error)}") from error


def _unwrap(state: Any) -> dict[str, Any]:
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise InputError(f"weights hold a {type(state).__name__} where a state_dict was expected")
    if state and all(key.startswith("module.") for key in state):
        return {key.removeprefix("module."): tensor for key, tensor in state.items()}
    return dict(state)
