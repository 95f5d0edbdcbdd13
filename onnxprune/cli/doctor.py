"""`onnxprune doctor`: what works on this machine, and why the rest doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnxprune.cli.options import Json

if TYPE_CHECKING:
    from onnxprune.runtime.health import Extra, Health


def doctor(json: Json = False) -> None:
    """Tell what works on this machine: versions, providers, extras.

    The processor and the plug-in's state, too. Nothing is run and nothing written. An issue report should begin with
    it.
    """
    from onnxprune.runtime.health import health

    found = health()
    if json:
        from onnxprune.report import to_json

        print(to_json(found), end="")
        return
    from onnxprune.cli.screen import facts, show_all

    show_all(facts([*_machine(found), *_plugin(found), *_extras(found)]))


def _machine(found: Health) -> list[tuple[str, str]]:
    from onnxprune.report.units import size

    used = found.environment
    return [
        ("onnxprune", f"{used.onnxprune}, Python {used.python}, {used.system}"),
        ("ONNX Runtime", f"{used.onnxruntime}, onnx {used.onnx}, NumPy {used.numpy}"),
        ("processor", f"{used.cpu}, {found.cores} cores for this process"),
        ("--provider", ", ".join(found.providers)),
        ("", f"ONNX Runtime has {', '.join(found.built_in)}"),
        ("cache", f"{found.cache}, {size(found.cache_free)} free"),
    ]


def _plugin(found: Health) -> list[tuple[str, str]]:
    plugin = found.plugin
    if plugin.operator:
        return [("plug-in", f"can't be used: {plugin.operator}")]
    gpu = "with" if plugin.on_gpu else "without"
    rows = [("plug-in", f"{plugin.path}, {plugin.instructions} instructions, {gpu} kernels for CUDA")]
    return [*rows, ("", f"no provider: {plugin.provider}")] if plugin.provider else rows


def _extras(found: Health) -> list[tuple[str, str]]:
    return [(f"extra {extra.name}", _state(extra)) for extra in found.extras]


def _state(extra: Extra) -> str:
    if extra.installed:
        return "installed"
    return f"not installed (pip install 'onnxprune[{extra.name}]'): {extra.for_}"
