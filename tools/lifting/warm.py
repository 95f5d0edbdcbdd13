"""Imported once, by the process that trials are forked from: what every contestant needs."""

import contextlib
from importlib import import_module

from onnxprune.export.quiet import quiet
from onnxprune.export.torchvision_ops import declare_torchvision_ops

PACKAGES = ("torch", "torch.fx", "onnx", "onnxruntime", "onnxprune.graph", "onnxprune.runtime", "tools.zoo.lists")


def warm() -> None:
    """Import what there is; torchvision too, whose own operators need not load."""
    with quiet(), contextlib.suppress(Exception):  # what is missing here is told by the trial that needs it
        for package in PACKAGES:
            import_module(package)
        declare_torchvision_ops()
        import_module("torchvision")


warm()
