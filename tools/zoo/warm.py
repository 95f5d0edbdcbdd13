"""Imported once, by the process that exports are forked from: the frameworks, as far as they are installed."""

import contextlib
import tempfile
from importlib import import_module
from pathlib import Path

from onnxprune.export import load, write
from onnxprune.export.quiet import quiet

FRAMEWORKS = ("torch.onnx", "timm", "transformers")


def warm() -> None:
    """Import what there is, and export a layer by each exporter: their tables are made at first use."""
    with quiet(), contextlib.suppress(Exception):  # what is missing here is told by the export that needs it
        import torch

        torch.set_num_threads(1)
        source = load("torch:torch.nn:Linear", {"in_features": "4", "out_features": "4", "input": "1x4"})
        with tempfile.TemporaryDirectory() as folder:
            for exporter in ("dynamo", "torchscript"):
                write(source, Path(folder) / "x.onnx", exporter=exporter)
        for framework in FRAMEWORKS:
            import_module(framework)


warm()
