"""The plug-in for ONNX Runtime: a library with the operator `ai.onnxprune::SparseMatMul` and an execution provider.

The provider, `OnnxPruneExecutionProvider`, takes the layers of a standard model whose constant weights have enough
zeros, packs them when a session begins, and leaves everything else to the CPU provider. The operator is for models
whose weights are packed in the file. In any program that uses ONNX Runtime:

    from onnxprune.runtime import plugin
    session = onnxruntime.InferenceSession("model.onnx", plugin.session_options())
    session.disable_fallback()
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import onnxruntime as ort

from onnxprune.errors import InputError

EP_NAME = "OnnxPruneExecutionProvider"

REGISTRATION = "onnxprune"
"""The name under which ONNX Runtime keeps the library of the provider."""

VARIABLE = "ONNXPRUNE_PLUGIN"
"""An environment variable with the path of another library than the installed one."""

PROVIDER_SINCE = (1, 23)
"""The first ONNX Runtime that takes execution providers from libraries, from Python too."""

_FILES = ("libonnxprune_ort.so", "libonnxprune_ort.dylib", "onnxprune_ort.dll")

_log = logging.getLogger("onnxprune.plugin")


def path() -> Path | None:
    """The library: the one that ONNXPRUNE_PLUGIN names, or the one built with this package; None if there is none.

    Raises InputError where the variable names no file.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise InputError(f"{VARIABLE} names {named}, where there is no file")
        return Path(named)
    return _installed()


@cache
def _installed() -> Path | None:
    """In `lib` beside this module, where it isn't taken for a module of Python; of an editable install, where the
    package's own files would be.
    """
    folders = [Path(__file__).parent / "lib"]
    with contextlib.suppress(PackageNotFoundError):
        folders.append(Path(str(distribution("onnxprune").locate_file("onnxprune/runtime/lib"))))
    return next((folder / file for folder in folders for file in _FILES if (folder / file).is_file()), None)


def why_not(*, provider: bool = True) -> str:
    """Why the plug-in, or its provider too, can't be used here, as the end of a sentence; "" if it can."""
    if path() is None:
        return "the package was installed without its native plug-in, which takes a C++17 compiler"
    if provider and _release() < PROVIDER_SINCE:
        return f"the provider needs ONNX Runtime 1.23 or newer, and {ort.__version__} is installed"
    return ""


def available(*, provider: bool = True) -> bool:
    """Whether the plug-in, or its provider too, can be used here."""
    return not why_not(provider=provider)


def instructions() -> str:
    """The instructions that kernels use here: avx512, avx2, neon or generic. ONNXPRUNE_CPU lowers them.

    Raises InputError if there is no plug-in.
    """
    library = _loaded()
    library.onnxprune_cpu.restype = ctypes.c_char_p
    return str(library.onnxprune_cpu().decode())


def _loaded() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(_required(provider=False)))
    except OSError as error:
        raise InputError(f"the native plug-in can't be loaded ({error})") from None


def on_gpu() -> bool:
    """Whether the operator has kernels for ONNX Runtime's CUDA provider. Raises InputError if there is no plug-in."""
    library = _loaded()
    return hasattr(library, "onnxprune_cuda_built") and bool(library.onnxprune_cuda_built())


def register() -> list[Any]:
    """Make the provider known to ONNX Runtime, unless it is already; its devices.

    Raises InputError where it can't be used.
    """
    if not _devices():
        library = _required(provider=True)
        try:
            ort.register_execution_provider_library(REGISTRATION, str(library))
        except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
            raise InputError(f"ONNX Runtime doesn't take {library}: {error}") from error
    return _devices()


def unregister() -> None:
    """Take `register` back, once no session uses the provider any more."""
    if available() and _devices():
        ort.unregister_execution_provider_library(REGISTRATION)


def session_options(
    options: ort.SessionOptions | None = None, *, provider: bool = True, **settings: float | str
) -> ort.SessionOptions:
    """Session options with the operator and, unless `provider` is false, the provider in front of the CPU's.

    options:  to be extended; new ones if None
    settings: of the provider: min_gain (take a layer that should become so many times as fast; 1.2), min_sparsity
              (and whose weight has at least this share of zeros; 0), block (outputs of a block: 64, 32, 16, 8, 4, 1, or
              0 for the best; 0), convolutions (whether to take them; 1)

    A session must be made without `providers=`, which would replace the provider, and with `enable_fallback=0`: ONNX
    Runtime would else run a model again without it after an error, and not say so. Raises InputError where the plug-in
    can't be used.
    """
    options = options or ort.SessionOptions()
    add_operator(options)
    if provider:
        add_provider(options, **settings)
    return options


def add_provider(options: ort.SessionOptions, **settings: float | str) -> None:
    """Put the provider in front of the CPU's, with `settings` as `session_options` has them; the operator isn't added.

    Raises InputError where the plug-in can't be used.
    """
    options.add_provider_for_devices(register(), {name: str(value) for name, value in settings.items()})
    _say_if_slow()


def add_operator(options: ort.SessionOptions) -> None:
    """Let sessions with these options have SparseMatMul nodes. Raises InputError where the plug-in can't be used."""
    library = _required(provider=False)
    try:
        options.register_custom_ops_library(str(library))
    except Exception as error:
        raise InputError(f"ONNX Runtime doesn't take {library}: {error}") from error
    _say_if_slow()


def _say_if_slow() -> None:
    if instructions() == "generic":
        say_once("this processor has no instructions that onnxprune has fast kernels for: portable ones run, slowly")


@cache
def say_once(sentence: str) -> None:
    """Tell the user something, once in a process: on stderr, unless the program has its own way of logging."""
    _log.warning("onnxprune: %s", sentence)


def _required(*, provider: bool) -> Path:
    library = path()
    reason = why_not(provider=provider)
    if library is None or reason:
        raise InputError(f"sparse weights have no fast kernel here: {reason}")
    return library


def _devices() -> list[Any]:
    if _release() < PROVIDER_SINCE:
        return []
    return [device for device in ort.get_ep_devices() if device.ep_name == EP_NAME]


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in ort.__version__.split(".")[:2])
