"""Zeros in weights: patterns of them, and methods that find the weights of a pattern that do least harm."""

from onnxprune.sparse import methods
from onnxprune.sparse.emit import FORMATS, VALUES, check_format, check_values, emit
from onnxprune.sparse.for_time import LEVELS, Choice, Slot, choose
from onnxprune.sparse.gated import gates
from onnxprune.sparse.line import Wanted, sparsify
from onnxprune.sparse.lost import losses
from onnxprune.sparse.order import orders
from onnxprune.sparse.pattern import Pattern, sparsity_of
from onnxprune.sparse.place import FINE_TO_COARSE, FINE_TO_COARSE_INT8, Worth, fastest, placed
from onnxprune.sparse.registry import Sparsifier, get, sparsifier, sparsifiers
from onnxprune.sparse.share import shared
from onnxprune.sparse.speed import Speed
from onnxprune.sparse.speeds import GUESSED, Speeds
from onnxprune.sparse.support import refitted
from onnxprune.sparse.task import Task
from onnxprune.sparse.timed import ones
from onnxprune.sparse.zeros import Zeros, covered, zeros_of

__all__ = [
    "FINE_TO_COARSE",
    "FINE_TO_COARSE_INT8",
    "FORMATS",
    "GUESSED",
    "LEVELS",
    "VALUES",
    "Choice",
    "Pattern",
    "Slot",
    "Sparsifier",
    "Speed",
    "Speeds",
    "Task",
    "Wanted",
    "Worth",
    "Zeros",
    "check_format",
    "check_values",
    "choose",
    "covered",
    "emit",
    "fastest",
    "gates",
    "get",
    "losses",
    "methods",
    "ones",
    "orders",
    "placed",
    "refitted",
    "shared",
    "sparsifier",
    "sparsifiers",
    "sparsify",
    "sparsity_of",
    "zeros_of",
]
