"""A sparse core between block-diagonal matrices.

Liu et al. 2025, "ARMOR: High-Performance Semi-Structured Pruning via Adaptive Matrix Factorization". The descent that
finds the matrices, and moves the core with them, is `onnxprune.sparse.descent`; this is what it starts from.
"""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.methods.alps import alps
from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task


@sparsifier("armor", wraps=True)
def armor(task: Task) -> np.ndarray:
    """Alps' weight between two block-diagonal matrices, all of them then moved together (Liu et al. 2025, ARMOR)."""
    return alps(task)
