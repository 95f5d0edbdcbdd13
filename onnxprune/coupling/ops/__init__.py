"""The rules, one file per family. Importing this package registers them all."""

from onnxprune.coupling.ops import (
    attention,
    control,
    conv,
    gather,
    join,
    length,
    matmul,
    norm,
    pad,
    pointwise,
    quant,
    recurrent,
    reduce,
    repeat,
    reshape,
    tap,
)

__all__ = [
    "attention",
    "control",
    "conv",
    "gather",
    "join",
    "length",
    "matmul",
    "norm",
    "pad",
    "pointwise",
    "quant",
    "recurrent",
    "reduce",
    "repeat",
    "reshape",
    "tap",
]
