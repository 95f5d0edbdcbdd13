"""Methods that make a weight sparse, one file each."""

from onnxprune.sparse.methods import alps, armor, dass, magnitude, obert, ria, sparsegpt, wanda

__all__ = ["alps", "armor", "dass", "magnitude", "obert", "ria", "sparsegpt", "wanda"]
