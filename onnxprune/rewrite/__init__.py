"""Carrying a decision out on the graph, and proving that it was carried out right."""

from onnxprune.rewrite.compress import compress
from onnxprune.rewrite.diagonal import as_products
from onnxprune.rewrite.gates import GatedModel, gated, open_gated
from onnxprune.rewrite.lengths import letter_term
from onnxprune.rewrite.mask import mask_consumers
from onnxprune.rewrite.proof import Masks, keep_of, prove
from onnxprune.rewrite.residual import spell_residuals
from onnxprune.rewrite.shrink import kept_sizes, shrink
from onnxprune.rewrite.wrap import Wrapped, Wrapper, sides, wrap

__all__ = [
    "GatedModel",
    "Masks",
    "Wrapped",
    "Wrapper",
    "as_products",
    "compress",
    "gated",
    "keep_of",
    "kept_sizes",
    "letter_term",
    "mask_consumers",
    "open_gated",
    "prove",
    "shrink",
    "sides",
    "spell_residuals",
    "wrap",
]
