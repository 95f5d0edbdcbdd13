"""Residual sums in front of a layer normalisation, spelled so that ONNX Runtime's CPU provider runs them fast.

Its optimizer fuses Add and LayerNormalization into SkipLayerNormalization, whose CPU kernel takes more than twice as
long as the two ops one after the other (docs/decisions/0005). A Sum of two operands gives the same numbers, and stays
apart.
"""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.graph import Model, graphs

SINCE = 8
"""Before this opset, Sum does not broadcast."""

_NORMALISED = ({"LayerNormalization"}, {"ReduceMean", "Sub"})
"""The ops that read what is normalised: one op, or the first two of the chain that exporters write for it."""


def spell_residuals(model: Model) -> int:
    """Turn every Add of two computed tensors that only a layer normalisation reads into a Sum, in place; how many."""
    if model.opset < SINCE:
        return 0
    found = [node for graph in graphs(model) for node in graph.nodes if _is_residual(node, graph)]
    for node in found:
        node.op = "Sum"
    return len(found)


def _is_residual(node: gs.Node, graph: gs.Graph) -> bool:
    if node.op != "Add" or node.domain or any(isinstance(t, gs.Constant) for t in node.inputs):
        return False
    result = node.outputs[0]
    if result.dtype is None or result.dtype.kind != "f" or any(t is result for t in graph.outputs):
        return False
    return {reader.op for reader in result.outputs if not reader.domain} in _NORMALISED
