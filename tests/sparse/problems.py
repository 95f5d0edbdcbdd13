"""Random least-squares problems with correlated inputs."""

from __future__ import annotations

import numpy as np

from onnxprune.sparse import Pattern, Task


def problem(outputs: int, inputs: int, pattern: str, sparsity: float, seed: int = 0, damping: float = 0.01) -> Task:
    """A target and the covariance of inputs that share a few causes, each with a size of its own."""
    random = np.random.default_rng(seed)
    causes = random.standard_normal((inputs, inputs)) * np.exp(-np.arange(inputs) / (inputs / 3))[:, None]
    rows = random.standard_normal((4 * inputs, inputs)) @ causes / np.sqrt(inputs)
    rows = (rows + 0.3 * random.standard_normal(rows.shape)) * np.exp(0.5 * random.standard_normal(inputs))
    target = random.standard_normal((outputs, inputs)) * np.exp(0.3 * random.standard_normal((outputs, 1)))
    return Task(target, Pattern.parse(pattern), sparsity, np.cov(rows.T, bias=True), damping)
