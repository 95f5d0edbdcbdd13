"""Methods that make a weight sparse, one file each."""

from onnxprune.sparse.methods import alps, dass, magnitude, obert, ria, sparsegpt, wanda

__all__ = ["alps", "dass", "magnitude", "obert", "ria", "sparsegpt", "wanda"]
