"""What of onnxprune works on this machine, and why the rest doesn't."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec

import onnxruntime

from onnxprune.cache import cache_folder
from onnxprune.errors import InputError
from onnxprune.runtime import plugin
from onnxprune.runtime.environment import Environment, environment
from onnxprune.runtime.session import PROVIDERS, available_providers

EXTRAS = {
    "torch": ("torch", "recover, --train-masks, criteria by gradients, export"),
    "images": ("PIL", "--data with pictures"),
    "report": ("vl_convert", "charts in report.html"),
    "transformers": ("transformers", "export of transformers"),
    "timm": ("timm", "export of timm's models"),
    "torchvision": ("torchvision", "export of torchvision's models"),
    "olive": ("olive", "the pass of Microsoft Olive's workflows"),
}
"""Extra -> the module that it brings, and what needs it."""


@dataclass(frozen=True, slots=True)
class Extra:
    """installed: whether its module is there; for_: what needs it"""

    name: str
    installed: bool
    for_: str


@dataclass(frozen=True, slots=True)
class Plugin:
    """path: of the library, empty where there is none; operator, provider: why these can't be used, empty where they
    can; instructions: that its kernels use; on_gpu: whether it was built with the kernels for GPUs"""

    path: str
    operator: str
    provider: str
    instructions: str
    on_gpu: bool


@dataclass(frozen=True, slots=True)
class Health:
    """cores: that this process may use; providers: that `--provider` takes here, and what ONNX Runtime calls its own;
    cache: the folder, and how many bytes of that disk are free"""

    environment: Environment
    cores: int
    providers: list[str]
    built_in: list[str]
    plugin: Plugin
    extras: list[Extra]
    cache: str
    cache_free: int


def health() -> Health:
    """The state of this machine; nothing is run and nothing written."""
    folder = cache_folder()
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return Health(
        environment=environment(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        providers=_providers(),
        built_in=list(onnxruntime.get_available_providers()),
        plugin=_plugin(),
        extras=[Extra(name, find_spec(module) is not None, what) for name, (module, what) in EXTRAS.items()],
        cache=str(folder),
        cache_free=shutil.disk_usage(there).free,
    )


def _plugin() -> Plugin:
    try:
        path, operator = plugin.path(), plugin.why_not(provider=False)
        found = ("", False) if operator else (plugin.instructions(), plugin.on_gpu())
        return Plugin(str(path or ""), operator, plugin.why_not(), *found)
    except InputError as error:  # the user named a library that isn't there
        return Plugin("", str(error), str(error), "", False)


def _providers() -> list[str]:
    """Those that can be asked for; a plug-in that can't be used takes none of the others along."""
    try:
        return available_providers()
    except InputError:
        built_in = onnxruntime.get_available_providers()
        return [short for short, name in PROVIDERS.items() if name in built_in]
