"""Methods that make a weight sparse, one file each."""

from onnxprune.sparse.methods import alps, magnitude, ria, sparsegpt, wanda

__all__ = ["alps", "magnitude", "ria", "sparsegpt", "wanda"]
