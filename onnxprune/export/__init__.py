"""Producers of ONNX: PyTorch modules, and models by name from torchvision, timm and transformers.

>>> export("torchvision:resnet50", Path("resnet50.onnx"))                           # doctest: +SKIP
"""

from onnxprune.export.check import Runner
from onnxprune.export.loader import load, schemes
from onnxprune.export.options import option_help
from onnxprune.export.result import ExportResult, Port
from onnxprune.export.source import Source
from onnxprune.export.writer import export, write

__all__ = ["ExportResult", "Port", "Runner", "Source", "export", "load", "option_help", "schemes", "write"]
