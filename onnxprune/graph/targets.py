"""Shape operands that are computed: known lengths are stored, the open ones left to 0, -1 or 1.

Where an operand mixes both in a way that these can't spell, it is put together from stored entries, lengths of graph
inputs, and single entries of what computed it, each taken as near to its source as possible: a length that only rides
along in a `Shape` is then read by nobody, and may be pruned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.edit import read
from onnxprune.graph.ir import Node
from onnxprune.graph.lengths import names_in
from onnxprune.graph.model import Model
from onnxprune.graph.naming import Names
from onnxprune.graph.spelling import Entries, Length, spell_expand, spell_reshape
from onnxprune.graph.tracing import trace
from onnxprune.graph.undo import Fold
from onnxprune.graph.values import Evaluator

OPERAND = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0, "Resize": 3}
"""Where an op has the lengths of its output."""

_INT64 = np.dtype(np.int64)


class Targets:
    """Rewrites shape operands of a model's nodes.

    made: id(node) -> new nodes to put in front of it; first: new nodes to put first of all
    """

    def __init__(self, model: Model, names: Names) -> None:
        self.model, self.names = model, names
        self.made: dict[int, list[gs.Node]] = {}
        self.first: list[gs.Node] = []
        self._lengths: dict[str, gs.Tensor] = {}
        self._declared = {d for t in model.graph.inputs for d in t.shape or () if isinstance(d, str)}

    def rewrite(self, node: gs.Node, evaluator: Evaluator) -> bool:
        """Rewrite the shape operand of a node where that says more. True where it did."""
        place = OPERAND.get(node.op)
        if place is None or place >= len(node.inputs) or node.inputs[place].is_empty():
            return False
        target = node.inputs[place]
        found = evaluator.find(target)
        if found is None or found.ndim != 1 or any(isinstance(v, float) for v in found):
            return False
        values = found.tolist()
        entries = self._spell(node, values)
        if not _says_more(node, target, values, entries):
            return False
        self.model.undo.folds.append(Fold(node, place, target, dict(node.attrs)))
        if node.op == "Reshape" and None not in entries and 0 not in values:
            node.attrs.pop("allowzero", None)
        read(node, place, self._operand(node, target, values, entries))
        return True

    def placed(self) -> None:
        """Forget the new nodes, which are in the graphs now."""
        self.made.clear()
        self.first.clear()

    def _spell(self, node: gs.Node, values: Sequence[Length]) -> Entries:
        shape: list[Length] = list(node.inputs[0].shape or ())
        if node.op == "Expand":
            return spell_expand(values, shape)
        if node.op != "Reshape":
            return [v if isinstance(v, int) else None for v in values]
        entries, made = spell_reshape(values, shape, bool(node.attrs.get("allowzero", 0)))
        self._tell(node.outputs[0], made)
        return entries

    def _tell(self, tensor: gs.Tensor, lengths: Sequence[Length]) -> None:
        """Let a tensor have what is known of its lengths; the model's outputs keep the names of their open ones."""
        if tensor.shape is None or len(tensor.shape) != len(lengths):
            return
        given = any(tensor is output for output in self.model.graph.outputs)
        known = [None if isinstance(new, str) and (given or not self._lasts(new)) else new for new in lengths]
        tensor.shape = [old if new is None else new for new, old in zip(known, tensor.shape, strict=True)]

    def _lasts(self, length: Length) -> bool:
        """Whether a product means the same once shapes are inferred again, which may give its names to others."""
        return not isinstance(length, str) or "*" not in length or names_in(length) <= self._declared

    def _operand(self, node: gs.Node, target: gs.Tensor, values: Sequence[Length], entries: Entries) -> gs.Tensor:
        base = self.names.new(f"{node.outputs[0].name}/target")
        if None not in entries:
            return gs.Constant(base, np.array(entries, np.int64))
        parts: list[gs.Tensor] = []
        before = self.made.setdefault(id(node), [])
        for i, (entry, value) in enumerate(zip(entries, values, strict=True)):
            named = self._length(value) if entry is None and isinstance(value, str) else None
            if entry is not None:
                parts.append(gs.Constant(f"{base}/{i}", np.array([entry], np.int64)))
            elif named is not None:
                parts.append(named)
            else:
                parts.append(_pick(before, *trace(target, i), f"{base}/{i}"))
        made = gs.Variable(base, _INT64, [len(entries)])
        before.append(Node("Concat", base, {"axis": 0}, parts, [made]))
        return made

    def _length(self, symbol: str) -> gs.Tensor | None:
        """An open length, read off the graph input that has it; one node for all uses."""
        known = self._lengths.get(symbol)
        if known is not None and known.inputs and known.inputs[0].inputs:
            return known
        for tensor in self.model.graph.inputs:
            for axis, dim in enumerate(tensor.shape or ()):
                if isinstance(dim, str) and dim == symbol:
                    self._lengths[symbol] = self._input_length(tensor, axis, symbol)
                    return self._lengths[symbol]
        return None

    def _input_length(self, tensor: gs.Tensor, axis: int, symbol: str) -> gs.Tensor:
        name = self.names.new(f"{symbol}/length")
        shape = gs.Variable(f"{name}/shape", _INT64, [len(tensor.shape)])
        self.first.append(Node("Shape", shape.name, {}, [tensor], [shape]))
        return _pick(self.first, shape, axis, name)


def _pick(made: list[gs.Node], source: gs.Tensor, i: int, name: str) -> gs.Tensor:
    if list(source.shape or ()) == [1]:
        return source
    picked = gs.Variable(name, _INT64, [1])
    index = gs.Constant(f"{name}/index", np.array([i], np.int64))
    made.append(Node("Gather", name, {"axis": 0}, [source, index], [picked]))
    return picked


def _says_more(node: gs.Node, target: gs.Tensor, values: Sequence[Length], entries: Entries) -> bool:
    """Whether entries can be written down that were not, and if not all can, one that tells something: 1 leaves an
    Expand's axis as it is, in others it only says that there is nothing to prune."""
    if isinstance(target, gs.Constant):
        shape = node.outputs[0].shape
        return entries != values and (shape is None or any(not isinstance(d, int) for d in shape))
    if None not in entries:
        return True
    if all(e is None or e < 1 or (e == 1 and node.op != "Expand") for e in entries):
        return False
    maker = target.inputs[0] if target.inputs else None
    if maker is None or maker.op != "Concat" or len(maker.inputs) != len(entries):
        return True
    stored = [isinstance(t, gs.Constant) for t in maker.inputs]
    return stored != [e is not None for e in entries]
