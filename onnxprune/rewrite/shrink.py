"""Shrinking: compress stored tensors by the keep-masks of their axes, refill stored lengths and correct means."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Axes, Binding
from onnxprune.coupling.masks import ALL, Keep
from onnxprune.coupling.ops.tap import DOMAIN as TAP_DOMAIN
from onnxprune.graph import Model, graphs
from onnxprune.rewrite.compress import compress
from onnxprune.rewrite.lengths import refill
from onnxprune.rewrite.means import rescale_means


def shrink(model: Model, analysis: Analysis, keep: Keep) -> dict[str, dict[int, np.ndarray]]:
    """Apply keep-masks to the model, in place.

    Returns what is left of every changed tensor: name -> axis -> kept indices of the dense tensor.
    """
    if not keep:
        return {}
    changed = _compress(analysis, keep)
    homes = {id(node): graph for graph in graphs(model) for node in graph.nodes}
    for binding in analysis.bindings:
        if binding.node.domain == TAP_DOMAIN:
            _cut_tap(homes[id(binding.node)], binding, keep)
        else:
            refill(homes[id(binding.node)], binding, keep)
    _update_shapes(model, analysis, keep)
    rescale_means(model, analysis, keep)
    return changed


def _compress(analysis: Analysis, keep: Keep) -> dict[str, dict[int, np.ndarray]]:
    changed: dict[str, dict[int, np.ndarray]] = {}
    tensors: dict[str, gs.Constant] = {}
    for site in analysis.sites:
        if keep.touches(site.term):
            changed.setdefault(site.tensor.name, {})[site.axis] = keep.indices(site.term)
            tensors[site.tensor.name] = site.tensor
    for name, axes in changed.items():
        tensors[name].values = compress(tensors[name].values, axes)
    return changed


def _cut_tap(graph: gs.Graph, binding: Binding, keep: Keep) -> None:
    """A tap whose output shrinks becomes a chain of Gathers, one for every axis that loses indices."""
    node = binding.node
    lost = [(i, t) for i, t in enumerate(binding.outputs[0] or ()) if keep.touches(t)]
    for number, (axis, term) in enumerate(lost):
        index = gs.Constant(f"{node.name}/kept{axis}", keep.indices(term).astype(np.int64))
        if number == len(lost) - 1:
            node.op, node.domain, node.attrs = "Gather", None, {"axis": axis}
            node.inputs.append(index)
            return
        source, name = node.inputs[0], f"{node.name}/cut{axis}"
        cut = gs.Variable(name, source.dtype)
        at = next(k for k, other in enumerate(graph.nodes) if other is node)
        graph.nodes.insert(at, gs.Node("Gather", name, {"axis": axis}, [source, index], [cut]))
        node.inputs[0] = cut


def _update_shapes(model: Model, analysis: Analysis, keep: Keep) -> None:
    """Shapes of computed tensors follow their terms; what bodies take and give is declared in the file."""
    for binding in analysis.bindings:
        for tensor, axes in zip(binding.node.outputs, binding.outputs, strict=False):
            _reshape(tensor, axes, keep)
    for tensor in _declared(model):
        _reshape(tensor, analysis.terms.get(tensor.name), keep)


def _declared(model: Model) -> Iterator[gs.Tensor]:
    """The inputs and outputs of bodies, and the outputs of the nodes that have them."""
    for graph in graphs(model):
        if graph is not model.graph:
            yield from (*graph.inputs, *graph.outputs)
        for node in graph.nodes:
            if any(isinstance(value, gs.Graph) for value in node.attrs.values()):
                yield from node.outputs


def _reshape(tensor: gs.Tensor, axes: Axes | None, keep: Keep) -> None:
    """Set the lengths that are those of the dense model; a shape that has been set already stays."""
    if isinstance(tensor, gs.Constant) or axes is None or tensor.shape is None or len(tensor.shape) != len(axes):
        return
    if any(keep.touches(t) for t in axes):
        tensor.shape = [
            keep.kept(t) if isinstance(d, int) and d == t.size else d for d, t in zip(tensor.shape, axes, strict=True)
        ]


def kept_sizes(analysis: Analysis, keep: Keep = ALL) -> dict[str, tuple[int, ...]]:
    """The shape of every stored tensor under a mask."""
    shapes: dict[str, list[int]] = {}
    for site in analysis.sites:
        shapes.setdefault(site.tensor.name, []).append(keep.kept(site.term))
    return {name: tuple(shape) for name, shape in shapes.items()}
