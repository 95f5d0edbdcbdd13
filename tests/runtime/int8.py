"""What products with int8 weights are, in float64: X quantised row by row as native/kernels/int8/steps.h says."""

import numpy as np

Array = np.ndarray


def quantised(x: Array) -> tuple[Array, Array]:
    """X [m, k] as whole numbers, zero points subtracted, and the scales of its rows [m, 1]."""
    low, high = np.minimum(x.min(axis=1), 0), np.maximum(x.max(axis=1), 0)
    scale = (high / np.float32(255) - low / np.float32(255))[:, None]
    usual = scale >= np.finfo(np.float32).tiny
    inverse = np.where(usual, np.float32(1) / np.where(usual, scale, np.float32(1)), np.float32(0)).astype(np.float32)
    zero = np.rint(-low[:, None] * inverse)
    return (np.minimum(np.rint(x * inverse) + zero, 255) - zero).astype(np.float64), np.where(usual, scale, 0)


def product(x: Array, steps: Array, scales: Array) -> Array:
    """X W [m, n] for a weight of whole numbers [k, n] and the scales of its outputs [n]."""
    numbers, rows = quantised(np.asarray(x, np.float32))
    return np.asarray(numbers @ steps.astype(np.float64) * rows * scales.astype(np.float64))
