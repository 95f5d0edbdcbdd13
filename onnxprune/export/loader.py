"""From a spec, `scheme:target`, to a model ready to be exported."""

from collections.abc import Callable, Mapping

from onnxprune.errors import InputError
from onnxprune.export.lazy import need
from onnxprune.export.source import Source
from onnxprune.export.timm_source import load_timm
from onnxprune.export.torch_source import load_torch
from onnxprune.export.torchvision_ops import declare_torchvision_ops
from onnxprune.export.torchvision_source import load_torchvision
from onnxprune.export.transformers_source import load_transformers
from onnxprune.words import did_you_mean

_LOADERS: dict[str, Callable[[str, dict[str, str]], Source]] = {
    "torch": load_torch,
    "torchvision": load_torchvision,
    "timm": load_timm,
    "transformers": load_transformers,
}


def schemes() -> tuple[str, ...]:
    """The sources that a spec may start with."""
    return tuple(_LOADERS)


def load(spec: str, options: Mapping[str, str] | None = None, *, seed: int = 0) -> Source:
    """Build the model that `spec` names, with random weights drawn from `seed` unless options say otherwise.

    torch:PACKAGE.MODULE:FACTORY     factory() returns a module, or (module, example inputs)
    torch:FILE.py:FACTORY            the same from a file
    torchvision:NAME   timm:NAME     the library's architecture
    transformers:MODEL_TYPE          the library's default configuration, with options over it
    transformers:FOLDER              config.json and, where they're there, weights

    Nothing is downloaded. `InputError` for an unknown scheme, name or option.
    """
    scheme, _, target = spec.partition(":")
    if scheme not in _LOADERS or not target:
        known = ", ".join(f"{name}:..." for name in _LOADERS)
        raise InputError(f"can't export {spec!r}: it should be one of {known}{did_you_mean(scheme, _LOADERS)}")
    torch = need("torch", scheme)
    declare_torchvision_ops()
    # The caller's stream of random numbers isn't ours to move.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _LOADERS[scheme](target, dict(options or {}))
