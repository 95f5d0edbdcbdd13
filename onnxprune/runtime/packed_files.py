"""Opening any model, those with packed weights too: with the plug-in, else as the dense models they stand for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.graph import from_bytes, load, save, spell_out
from onnxprune.graph.sparse_matmul import DOMAIN
from onnxprune.runtime import plugin

_EDGE = 4096
"""Bytes at either end of a file in which the domains that it imports are found, whatever lies between."""


def open_session(model: str | bytes, options: ort.SessionOptions, **arguments: Any) -> ort.InferenceSession:
    """An InferenceSession that never falls back to another provider.

    arguments: as InferenceSession takes them. `options` get the operator where the model asks for it. What goes wrong
    is raised as ONNX Runtime does; InputError for a packed weight that can't be made dense.
    """
    if not _names_domain(model):
        try:
            return ort.InferenceSession(model, options, enable_fallback=0, **arguments)
        except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
            if f"{DOMAIN}:" not in str(error):
                raise
    if plugin.available(provider=False):
        plugin.add_operator(options)
        if "CUDAExecutionProvider" in (arguments.get("providers") or ()) and not plugin.on_gpu():
            plugin.say_once("the plug-in was built without CUDA: packed weights are multiplied by the CPU")
        return ort.InferenceSession(model, options, enable_fallback=0, **arguments)
    plugin.say_once(f"{plugin.why_not(provider=False)}; models with packed weights run as dense ones, no faster")
    return _dense_session(model, options, **arguments)


def _names_domain(model: str | bytes) -> bool:
    """Whether the operator is asked for, as far as the ends of the file tell."""
    name = DOMAIN.encode()
    if isinstance(model, bytes):
        return name in model[:_EDGE] or name in model[-_EDGE:]
    try:
        with open(model, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _EDGE, 0))
            return name in file.read()
    except OSError:
        return False  # ONNX Runtime says it better


def _dense_session(model: str | bytes, options: ort.SessionOptions, **arguments: Any) -> ort.InferenceSession:
    dense = from_bytes(model) if isinstance(model, bytes) else load(model)
    if not spell_out(dense):
        raise InputError(f"a model imports {DOMAIN}, but has no node of it that is known")
    with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
        path = Path(folder) / "dense.onnx"
        save(dense, path)
        return ort.InferenceSession(str(path), options, enable_fallback=0, **arguments)
