"""What a repair changed: new weights and biases, in the shapes of the dense model.

The dense model with these edits, its pruned units masked, is what the pruned model must equal: so a repair is proved
like any other pruning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer, layers
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model
from onnxprune.graph.edit import read
from onnxprune.rewrite.wrap import Wrapper

Array = np.ndarray


@dataclass(slots=True)
class Edits:
    """weights: stored tensor -> new values, those of batch normalisations included; biases: a layer's name -> what is
    added to its outputs [outputs]; wrappers: stored tensor -> the factors whose product its new values are, in the
    shapes of the pruned model, where the product is to be written as such"""

    weights: dict[str, Array] = field(default_factory=dict)
    biases: dict[str, Array] = field(default_factory=dict)
    wrappers: dict[str, Wrapper] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.weights or self.biases)

    def add(self, name: str, bias: Array) -> None:
        """Add a vector to the outputs of a layer, to what has been added there before."""
        self.biases[name] = self.biases[name] + bias if name in self.biases else bias

    def apply(self, model: Model) -> Analysis:
        """Change a normalised model of the same file in place, and analyse it."""
        return self.place(model)[0]

    def place(self, model: Model) -> tuple[Analysis, dict[str, gs.Constant]]:
        """As `apply`; also the stored tensor that holds the bias of every layer that gets one."""
        analysis = analyze(model.graph, model.opsets)
        if not self:
            return analysis, {}
        for node in model.graph.nodes:
            for tensor in node.inputs:
                if isinstance(tensor, gs.Constant) and tensor.name in self.weights:
                    tensor.values = self.weights[tensor.name]
        found = layers(analysis)
        biased = [(layer, self.biases[layer.name]) for layer in found if layer.name in self.biases]
        places = {layer.name: add_bias(model.graph, layer, bias) for layer, bias in biased}
        return (analyze(model.graph, model.opsets) if biased else analysis), places


def add_bias(graph: gs.Graph, layer: Layer, bias: Array) -> gs.Constant:
    """Add a vector [outputs] to what a layer makes: in its bias or the Add behind it, else by a new operand or node.

    Returns the stored tensor that it is part of now.
    """
    node = layer.node
    bias = bias.astype(layer.stored.dtype)
    if str(node.op) == "MatMul":
        return _add_behind(graph, layer, bias)
    bias = bias / bias.dtype.type(layer.beta)
    if len(node.inputs) < 3 or node.inputs[2].is_empty():
        return _attach(node, gs.Constant(f"{layer.name}/bias", bias))
    if _is_vector(node.inputs[2], len(bias)):
        return _raise(node, 2, bias)
    values = np.asarray(node.inputs[2].values, bias.dtype)  # one number for all outputs
    return _attach(node, gs.Constant(f"{layer.name}/bias", bias + values.ravel()))


def _is_vector(tensor: gs.Tensor, length: int) -> bool:
    return isinstance(tensor, gs.Constant) and tensor.shape[-1:] == (length,) and tensor.values.size == length


def _attach(node: gs.Node, bias: gs.Constant) -> gs.Constant:
    if len(node.inputs) > 2:
        read(node, 2, bias)
    else:
        node.inputs.append(bias)
    return bias


def _raise(node: gs.Node, place: int, bias: Array) -> gs.Constant:
    """Add to a stored operand, or to a copy where others read it too."""
    old: gs.Constant = node.inputs[place]
    values = (np.asarray(old.values, np.float64) + bias.reshape(old.shape)).astype(old.dtype)
    if len(old.outputs) == 1:
        old.values = values
        return old
    copy = gs.Constant(f"{old.name}/{node.name or node.outputs[0].name}", values)
    read(node, place, copy)
    return copy


def _add_behind(graph: gs.Graph, layer: Layer, bias: Array) -> gs.Constant:
    """In the stored operand of the Add that alone reads the product, or by an Add of its own."""
    made = layer.node.outputs[0]
    shape = [-1] + [1] * (len(layer.binding.outputs[0] or ()) - 1 - layer.out)
    readers = list(made.outputs)
    if len(readers) == 1 and readers[0].op == "Add" and shape == [-1]:
        other = 1 - next(i for i, t in enumerate(readers[0].inputs) if t is made)
        if _is_vector(readers[0].inputs[other], len(bias)):
            return _raise(readers[0], other, bias)
    stored = gs.Constant(f"{layer.name}/bias", bias.reshape(shape))
    at = next(k for k, node in enumerate(graph.nodes) if node is layer.node)
    graph.nodes.insert(at + 1, _raising(graph, layer.node, made, stored))
    return stored


def _raising(graph: gs.Graph, node: gs.Node, made: gs.Tensor, stored: gs.Constant) -> gs.Node:
    """An Add of its own, whose result is read in the product's place; an output of the model keeps its name."""
    name, other = str(made.name), gs.Variable(f"{made.name}/raised", made.dtype, made.shape)
    if any(made is out for out in graph.outputs):
        other.name = f"{name}/product"
        node.outputs[0] = other
        return gs.Node("Add", f"{name}/raise", {}, [other, stored], [made])
    for reader in list(made.outputs):
        for place, tensor in enumerate(list(reader.inputs)):
            if tensor is made:
                read(reader, place, other)
    return gs.Node("Add", f"{name}/raise", {}, [made, stored], [other])
