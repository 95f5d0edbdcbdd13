"""A model file, analysed and costed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onnxprune.budget import Cost, macs, params
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import graphs, normalize
from onnxprune.pruning import Options
from onnxprune.pruning.measure import data_files
from onnxprune.pruning.prune import check_dims, open_shapes
from onnxprune.runtime import PlainFile, file_size


@dataclass(frozen=True, slots=True)
class Opened:
    """A model file and its analysis.

    ops: op -> nodes, as in the file but for a layout that was undone, bodies of If/Loop/Scan included; macs:
    multiply-accumulates of one inference, where open dimensions have the lengths that ONNX Runtime was seen to accept;
    bytes: with data files; shapes: of all tensors at such lengths, empty where none is open
    """

    path: Path
    analysis: Analysis
    ops: dict[str, int]
    macs: Cost
    params: Cost
    bytes: int
    copies: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)


def opened(path: Path | str, dims: Mapping[str, int] | None = None, seed: int = 0) -> Opened:
    """Load, normalise and analyse a model. Raises InputError for anything that is not a usable model.

    dims: lengths of open dimensions, by symbol
    """
    path, options = Path(path), Options(data=dict(dims or {}), seed=seed)
    model = PlainFile(path, options.data or None, seed).load()
    check_dims(model, options)
    shapes = open_shapes(model, path, options)
    ops: dict[str, int] = {}
    for graph in graphs(model):
        for node in graph.nodes:
            ops[node.op] = ops.get(node.op, 0) + 1
    model = normalize(model)
    analysis = analyze(model.graph, model.opsets)
    size = file_size(path, data_files(path))
    return Opened(path, analysis, ops, macs(analysis, shapes), params(analysis), size, dict(model.copies), shapes)
