"""Times of pruned variants, kept between runs on one machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from onnxprune.budget import Variant
from onnxprune.cache import cache_folder, keep, kept
from onnxprune.graph import Model
from onnxprune.runtime import NodeTime
from onnxprune.runtime.environment import environment

MOST = 40
"""Variants that are kept, the latest ones."""


def conditions(model: Model, shapes: Mapping[str, Sequence[int]], threads: int, provider: str) -> str:
    """A hash of all that times depend on: the structure without the values of weights, the inputs' shapes, the machine.

    model: normalised
    """
    used = environment(threads, provider)
    told = [repr((used.onnxprune, used.onnxruntime, used.cpu, used.threads, used.provider, sorted(shapes.items())))]
    for node in model.graph.nodes:
        tensors = [(t.name, str(t.dtype), str(t.shape)) for t in (*node.inputs, *node.outputs)]
        plain = {k: v for k, v in node.attrs.items() if isinstance(v, int | float | str | list)}
        told.append(repr((node.op, node.domain, node.name, tensors, sorted(plain.items()))))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


class Timings:
    """A file of variants in the cache folder. What can't be read or written there is done without."""

    def __init__(self, key: str) -> None:
        self.path: Path = cache_folder() / "latency" / f"{key}.json"

    def load(self) -> list[Variant]:
        """The variants that were kept, oldest first."""
        try:
            return [_variant(entry) for entry in kept(self.path) or []]
        except (ValueError, KeyError, TypeError):
            return []

    def save(self, variants: Sequence[Variant]) -> None:
        """Keep the latest variants; a reader sees the old file or the new one."""
        keep(self.path, [asdict(v) for v in variants[-MOST:]])


def _variant(entry: dict[str, Any]) -> Variant:
    nodes = [
        NodeTime(n["op"], n["name"], _shapes(n["inputs"]), _shapes(n["outputs"]), float(n["share"]))
        for n in entry["nodes"]
    ]
    return Variant({str(k): int(v) for k, v in entry["counts"].items()}, float(entry["ratio"]), nodes)


def _shapes(shapes: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, shape)) for shape in shapes)
