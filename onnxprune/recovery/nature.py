"""Which outputs are features, though their shape could be that of classes: [n, s, c] says nothing."""

from __future__ import annotations

import re

import onnx_graphsurgeon as gs

from onnxprune.graph import Model

_NORMALISED = re.compile(r"(Skip)?(Simplified)?(Layer|RMS|Instance|Group|Batch|Lp)Normalization|Tanh")
"""Ops that end an encoder; what scores classes ends in a product."""

_NAMED = re.compile(r"hidden|embed|feature|encoded|pooled|latent", re.IGNORECASE)

_PASSING = ("Cast", "Identity", "Reshape", "Transpose", "Squeeze", "Flatten")


def features(model: Model) -> set[str]:
    """Outputs that a normalisation makes, or that are called hidden states, embeddings or features."""
    return {t.name for t in model.graph.outputs if _NAMED.search(t.name) or _NORMALISED.fullmatch(_op(t))}


def _op(tensor: gs.Tensor) -> str:
    """The op that makes a tensor, behind those that only arrange it anew."""
    while tensor.inputs and tensor.inputs[0].op in _PASSING and tensor.inputs[0].inputs:
        tensor = tensor.inputs[0].inputs[0]
    return str(tensor.inputs[0].op) if tensor.inputs else ""
