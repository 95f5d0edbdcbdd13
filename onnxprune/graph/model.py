"""A loaded model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import onnx_graphsurgeon as gs

from onnxprune.graph.ir import bodies_of
from onnxprune.graph.ownership import owned
from onnxprune.graph.undo import Undo


@dataclass(slots=True)
class Model:
    """An onnx-graphsurgeon graph plus the header of the file that it came from.

    graph:    the graph, shapes inferred; stored tensors are numpy arrays, read-only and memory-mapped where they lie
              in a file
    header:   the file's other fields, its graph without nodes and stored tensors
    path:     where it came from
    external: whether the weights lay in data files
    outer:    names of the stored tensors of the outermost graph, which bodies of If, Loop and Scan may read too
    copies:   name of a copied stored tensor -> name of the one it was copied from
    undo:     what normalisation changed, so that what nobody needed can be undone
    """

    graph: gs.Graph
    header: onnx.ModelProto
    path: Path | None = None
    external: bool = False
    outer: frozenset[str] = frozenset()
    copies: dict[str, str] = field(default_factory=dict)
    undo: Undo = field(default_factory=Undo)

    @property
    def opsets(self) -> dict[str, int]:
        """Opset version by domain."""
        return {entry.domain: entry.version for entry in self.header.opset_import}

    @property
    def opset(self) -> int:
        """Version of the standard opset."""
        return max((v for d, v in self.opsets.items() if d in ("", "ai.onnx")), default=1)


def graphs(model: Model) -> Iterator[gs.Graph]:
    """The graph and the bodies inside it, outer ones first."""
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop(0)
        yield graph
        waiting += [body for node in graph.nodes for body in bodies_of(node)]


def stored(model: Model) -> list[gs.Constant]:
    """The stored tensors of the outermost graph, each once, in order of use."""
    return owned(model.graph, model.outer)[id(model.graph)]


def all_stored(model: Model) -> list[gs.Constant]:
    """The stored tensors of the graph and of all bodies inside it."""
    return [t for tensors in owned(model.graph, model.outer).values() for t in tensors]
