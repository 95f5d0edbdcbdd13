"""Timing sparse kernels as ONNX Runtime calls them: models of a few equal layers, dense and sparse ones by turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np

from onnxprune.graph import Linear, Model, linear_model, to_proto
from onnxprune.rewrite import Wrapper, wrap
from onnxprune.runtime import Call, Clocks, Effort, bound, interleave, session
from onnxprune.sparse.emit import emit
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.speed import Speed

Array = np.ndarray

POINTS = (0.5, 0.8, 0.95)
"""Sparsities that are timed; a pattern that fixes its own has one."""

MOST_BYTES, MOST_LAYERS = 2**24, 8
"""Of the weights of one model, and layers: several, so that what a call takes by itself doesn't count."""

EFFORT = Effort(rounds=11, warmup=2, min_seconds=0.002, max_seconds=2.0)


def time_linear(
    linear: Linear,
    patterns: Iterable[Pattern],
    door: str,
    *,
    threads: int = 1,
    effort: Effort = EFFORT,
    clocks: Clocks | None = None,
) -> Speed:
    """What a layer takes, dense and with zeros at random in some patterns, with what is around it then.

    door: "op" for weights packed in the file, "int8" for those in bytes, "provider" for zeros in a standard file. With
    one thread processor time is measured, which others on the machine don't lengthen; else time on the wall. Raises
    InputError without the plug-in.
    """
    cells = [(p, s) for p in patterns for s in ((p.sparsity,) if p.sparsity is not None else POINTS)]
    copies = max(1, min(MOST_BYTES // (4 * linear.inputs * linear.outputs), MOST_LAYERS))
    calls = [dense_call(linear, copies, threads)]
    calls += [sparse_call(linear, copies, pattern, sparsity, door, threads) for pattern, sparsity in cells]
    samples = interleave(calls, effort, clocks=clocks)
    base, *others = [s.cpu if threads == 1 else s.wall for s in samples]
    # Of a chain of convolutions, every other one is the way back, and stays dense.
    part = linear.inputs / (linear.inputs + linear.channels) if linear.op == "Conv" else 1.0
    dense = median(base) / copies * part
    found: dict[str, list[tuple[float, float]]] = {}
    for (pattern, sparsity), seconds in zip(cells, others, strict=True):
        ratio = median(np.divide(seconds, base))
        found.setdefault(str(pattern), []).append((sparsity, float((ratio - 1 + part) / part)))
    return Speed(linear.rows, dense, found)


def dense_call(linear: Linear, copies: int, threads: int) -> Call:
    """A run of so many dense layers."""
    return _call(linear, [_weight(linear, number) for number in range(copies)], threads)


def sparse_call(linear: Linear, copies: int, pattern: Pattern, sparsity: float, door: str, threads: int) -> Call:
    """A run of so many layers with zeros at random."""
    weights = [_masked(_weight(linear, number), pattern, sparsity, number) for number in range(copies)]
    return _call(linear, weights, threads, pattern, door)


def _call(
    linear: Linear, weights: Sequence[Array], threads: int, pattern: Pattern | None = None, door: str = ""
) -> Call:
    back = _back(linear, len(weights)) if linear.op == "Conv" else None
    model = linear_model(linear, weights, back)
    names = [f"w{number}" for number in range(len(weights))]
    blocks = _wrapped(model, linear, names) if pattern is not None else []
    if pattern is not None and door != "provider":
        emit(model, dict.fromkeys(names, pattern), "op", names if door == "int8" else (), blocks)
    provider = "sparse" if door == "provider" else "cpu"
    opened = session(to_proto(model).SerializeToString(), threads=threads, provider=provider)
    x = np.random.default_rng(0).standard_normal(linear.data).astype(np.float32)
    return bound(opened, {"x": x})


def _wrapped(model: Model, linear: Linear, names: Iterable[str]) -> list[str]:
    """Blocks around the layers, where they are to have some; their stored tensors."""
    wrapper = Wrapper(ones(linear.outputs, linear.outer), ones(linear.channels, linear.inner))
    found = wrap(model, dict.fromkeys(names, wrapper)).values()
    return [name for one in found for name in (one.outer, one.inner) if name]


def ones(size: int, block: int) -> Array | None:
    """The blocks of a block-diagonal matrix [groups, block, block] that changes nothing; None for blocks of 0."""
    return np.tile(np.eye(block, dtype=np.float32), (size // block, 1, 1)) if block else None


def _weight(linear: Linear, number: int) -> Array:
    """[outputs, inputs], of a size that keeps the numbers of a chain where they are."""
    drawn = np.random.default_rng([1, number]).standard_normal((linear.outputs, linear.inputs), np.float32)
    return np.asarray(drawn / np.sqrt(np.float32(linear.inputs)))


def _back(linear: Linear, number: int) -> Array:
    """[channels, outputs], likewise."""
    drawn = np.random.default_rng([1, number]).standard_normal((linear.channels, linear.outputs), np.float32)
    return np.asarray(drawn / np.sqrt(np.float32(linear.outputs)))


def _masked(weight: Array, pattern: Pattern, sparsity: float, number: int) -> Array:
    scores = np.random.default_rng([2, number]).random(weight.shape, np.float32)
    kept = pattern.mask(scores, sparsity, by_rows=False)
    return np.asarray(np.where(kept, weight / np.sqrt(np.float32(max(1 - sparsity, 0.01))), 0), np.float32)
