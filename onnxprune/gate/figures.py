"""What a gate keeps of a model: size, costs, memory, operators, opset, and what goes in and out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnxprune.graph import Model, graphs, load
from onnxprune.report.feeds import common_feeds
from onnxprune.report.model import opened
from onnxprune.runtime import Feeds, peak_memory, session


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a model is run with; dims: lengths of open dimensions, by symbol or `input:axis`."""

    dims: dict[str, int] = field(default_factory=dict)
    threads: int = 1
    provider: str = "cpu"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: ONNX Runtime's name of its type, and its lengths; a text is an open one, None has no name."""

    name: str
    type: str
    shape: list[int | str | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model file.

    bytes: with data files; params: stored parameters; macs: multiply-accumulates of one inference; peak_memory: bytes
    that loading it and one run add to a process, None where that was not measured; ops: nodes by operator, those of
    other domains as `domain.Op`, bodies of If, Loop and Scan included; opsets: version by domain, `ai.onnx` being the
    standard one
    """

    bytes: int
    params: int
    macs: int
    peak_memory: int | None
    ops: dict[str, int]
    opsets: dict[str, int]
    inputs: list[Port]
    outputs: list[Port]


def figures(path: Path, conditions: Conditions, *, memory: bool = True, feeds: Feeds | None = None) -> Figures:
    """Look at a model file, and measure its memory where that is wanted.

    feeds: inputs that it is known to run on. Raises InputError for what is no usable model.
    """
    loaded = session(path, threads=conditions.threads, provider=conditions.provider)
    model, seen = load(path), opened(path, conditions.dims, conditions.seed)
    return Figures(
        bytes=seen.bytes,
        params=round(seen.params.total()),
        macs=round(seen.macs.total()),
        peak_memory=_memory(path, conditions, feeds) if memory else None,
        ops=_ops(model),
        opsets={domain or "ai.onnx": version for domain, version in sorted(model.opsets.items())},
        inputs=_ports(loaded.get_inputs()),
        outputs=_ports(loaded.get_outputs()),
    )


def _memory(path: Path, conditions: Conditions, feeds: Feeds | None) -> int:
    if feeds is None:
        how = conditions
        feeds = common_feeds([path], dims=how.dims, provider=how.provider, threads=how.threads, seed=how.seed)
    return peak_memory(path, feeds, threads=conditions.threads, provider=conditions.provider)


def _ops(model: Model) -> dict[str, int]:
    names = (_name(node.domain, node.op) for graph in graphs(model) for node in graph.nodes)
    return dict(sorted(Counter(names).items()))


def _name(domain: str | None, op: str) -> str:
    return op if domain in (None, "", "ai.onnx") else f"{domain}.{op}"


def _ports(values: list[Any]) -> list[Port]:
    return [Port(value.name, value.type, list(value.shape)) for value in values]
