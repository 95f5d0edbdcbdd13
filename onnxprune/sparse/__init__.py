"""Zeros in weights: patterns of them, and methods that find the weights of a pattern that do least harm."""

from onnxprune.sparse import methods
from onnxprune.sparse.emit import FORMATS, check_format, emit
from onnxprune.sparse.line import Wanted, sparsify
from onnxprune.sparse.order import orders
from onnxprune.sparse.pattern import Pattern, sparsity_of
from onnxprune.sparse.registry import Sparsifier, get, sparsifier, sparsifiers
from onnxprune.sparse.share import shared
from onnxprune.sparse.support import refitted
from onnxprune.sparse.task import Task
from onnxprune.sparse.zeros import Zeros, zeros_of

__all__ = [
    "FORMATS",
    "Pattern",
    "Sparsifier",
    "Task",
    "Wanted",
    "Zeros",
    "check_format",
    "emit",
    "get",
    "methods",
    "orders",
    "refitted",
    "shared",
    "sparsifier",
    "sparsifiers",
    "sparsify",
    "sparsity_of",
    "zeros_of",
]
