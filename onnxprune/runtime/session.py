"""ONNX Runtime sessions, set up so that timings can be repeated and errors are one sentence."""

import re
from pathlib import Path

import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.runtime import plugin
from onnxprune.runtime.packed_files import open_session

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "sparse": plugin.EP_NAME}

_ERROR_LEVEL = 3


def available_providers() -> list[str]:
    """Short names of the known providers that the installed ONNX Runtime was built with, or takes from the plug-in."""
    built = ort.get_available_providers()
    return [short for short, name in PROVIDERS.items() if (plugin.available() if short == "sparse" else name in built)]


def session(
    model: Path | str | bytes,
    *,
    threads: int = 1,
    provider: str = "cpu",
    profile: Path | None = None,
    optimize: bool = True,
) -> ort.InferenceSession:
    """Load a model, given by its path or as serialized bytes.

    `profile` is the prefix of the file that ONNX Runtime's profiler writes (see `end_profiling`);
    `optimize=False` switches every graph optimization off.

    Raises InputError if the provider isn't there or ONNX Runtime can't load the model. There is no
    silent fallback to another provider: what was asked for is what is measured.
    """
    chosen = _provider_names(provider)
    options = session_options(threads=threads, profile=profile, optimize=optimize)
    source = model if isinstance(model, bytes) else str(model)
    if provider == "sparse":
        plugin.add_provider(options)
    try:  # providers of a library are in the options, and those that are named here would replace them
        loaded = open_session(source, options, providers=None if provider == "sparse" else chosen)
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        raise InputError(f"ONNX Runtime could not load {label(model)}: {reason(error)}") from error
    if chosen[0] not in loaded.get_providers():
        raise InputError(f"ONNX Runtime could not start the provider {provider!r} for {label(model)}")
    return loaded


def check_provider(name: str) -> None:
    """Raise InputError where models can't be run there."""
    _provider_names(name)


def session_options(*, threads: int = 1, profile: Path | None = None, optimize: bool = True) -> ort.SessionOptions:
    """Options of a session with `threads` intra-op threads.

    Spinning is off: a thread that spins while it waits takes the core from whatever else is measured.
    """
    if threads < 1:
        raise InputError(f"the number of threads must be at least 1, not {threads}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERROR_LEVEL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.enable_cpu_mem_arena = False  # it doubles what it holds; such runs are for results, not for speed
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    return options


def label(model: Path | str | bytes) -> str:
    """How a model is called in messages: its path, or its size if it has none."""
    return f"a model of {len(model)} bytes" if isinstance(model, bytes) else str(model)


def reason(error: Exception) -> str:
    """The first line of an ONNX Runtime error, without its code."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0])


def _provider_names(provider: str) -> list[str]:
    if provider not in PROVIDERS:
        raise InputError(f"unknown provider {provider!r}: known are {', '.join(PROVIDERS)}")
    if provider == "sparse" and not plugin.available():
        raise InputError(f"the provider 'sparse' can't be used: {plugin.why_not()}")
    if provider not in available_providers():
        raise InputError(
            f"the provider {provider!r} is not in the installed ONNX Runtime, which has "
            f"{', '.join(available_providers())}"
        )
    return list(dict.fromkeys([PROVIDERS[provider], PROVIDERS["cpu"]]))
