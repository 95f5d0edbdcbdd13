"""The walk: carries the terms of tensors through a graph and its bodies, and applies every node's rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx_graphsurgeon as gs

from onnxprune.coupling import ops as ops  # registers the rules
from onnxprune.coupling.binding import Axes, Binder, Binding, fit
from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.learned import fixed_state
from onnxprune.coupling.rule import STANDARD_DOMAINS, Fenced, NodeView, find, refused_domains
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.structural import structural
from onnxprune.coupling.terms import Cause, atom


class Walker:
    """Carries the terms of tensors through a graph and its subgraphs."""

    def __init__(self, graph: gs.Graph, opsets: dict[str, int]) -> None:
        self.solver = Solver()
        self.opsets = opsets
        self.results = frozenset(id(t) for t in _results(graph))
        self.fixed = fixed_state(graph)
        self.axes: dict[int, Axes | None] = {}
        self.alive: list[gs.Tensor] = []  # keeps id() valid
        self.constants: list[gs.Constant] = []
        self.bindings: list[Binding] = []
        self.unknown: dict[str, int] = {}
        self.defects: list[Cause] = []

    # ------------------------------------------------------------------------------------------- tensors

    def get(self, tensor: gs.Tensor) -> Axes | None:
        """The terms of a tensor's axes; a stored tensor gets fresh atoms when it is first met."""
        if tensor.is_empty():
            return None
        if id(tensor) in self.axes:
            return self.axes[id(tensor)]
        if isinstance(tensor, gs.Constant):
            self.constants.append(tensor)
            return self.set(tensor, tuple(atom(int(d)) for d in tensor.shape))
        return self.set(tensor, self.opaque(tensor, Reason("tensor of unknown origin", Ground.FORM)))

    def set(self, tensor: gs.Tensor, axes: Axes | None, final: bool = True) -> Axes | None:
        """Let the tensor have these terms; both are locked where they can't be its shape.

        final: the lengths hold whenever the tensor is made, so that its shape, where it is open, follows them.
        """
        if axes is not None and tensor.shape is not None:
            axes = self._fitted(tensor, axes)
        if axes is not None and final and not isinstance(tensor, gs.Constant):
            tensor.shape = _known_shape(tensor.shape, axes)
        self.axes[id(tensor)] = axes
        self.alive.append(tensor)
        return axes

    def _fitted(self, tensor: gs.Tensor, axes: Axes) -> Axes | None:
        if len(axes) != len(tensor.shape):
            for term in axes:
                self.solver.lock(term, Reason("has another rank where it goes on", Ground.RANK))
            return self.opaque(tensor, Reason("has another rank where it comes from", Ground.RANK))
        sizes = [d if isinstance(d, int) and d >= 0 else None for d in tensor.shape]
        return tuple(fit(self.solver, term, size) for term, size in zip(axes, sizes, strict=True))

    def opaque(self, tensor: gs.Tensor, reason: str) -> Axes | None:
        """Fresh locked atoms for every axis; None where the rank is unknown."""
        if tensor.shape is None:
            return None
        axes = tuple(atom(d if isinstance(d, int) and d >= 0 else None) for d in tensor.shape)
        for term in axes:
            self.solver.lock(term, reason)
        return axes

    def lock(self, tensor: gs.Tensor, reason: str) -> None:
        for term in self.get(tensor) or ():
            self.solver.lock(term, reason)

    # ------------------------------------------------------------------------------------------- nodes

    def graph(self, graph: gs.Graph) -> None:
        """Apply the rule of every node, in order."""
        outer = self.solver.cause
        for node in graph.nodes:
            self.node(node)
        self.solver.cause = outer

    def node(self, node: gs.Node) -> None:
        cause = self.solver.cause = Cause(node.name or (node.outputs[0].name if node.outputs else ""), node.op)
        handler = structural(node.domain or "", node.op)
        try:
            handler(self, node) if handler else self._apply(node)
        except Fenced as reason:
            self.fence(node, reason.reason)
        except Exception as error:  # a rule that stumbles over an odd node must not take the compiler down
            self.solver.cause = cause
            self.defects.append(Cause(cause.node, cause.op, f"its rule failed: {type(error).__name__}: {error}"))
            self.fence(node, Reason("its rule failed on it", Ground.DEFECT))

    def _apply(self, node: gs.Node) -> None:
        domain = node.domain or ""
        found = find(domain, node.op, self.opset(domain))
        if found is None and domain in refused_domains():
            raise Fenced(Reason(refused_domains()[domain], Ground.USE))
        if found is None:
            self.unknown[node.op] = self.unknown.get(node.op, 0) + 1
            ground = Ground.FUSED if domain.startswith("com.microsoft") else Ground.RULE
            raise Fenced(Reason(f"no rule for op {f'{domain}::' if domain else ''}{node.op}", ground))
        view = NodeView(node, self.opset(domain), self.results, self.fixed)
        inputs = [self.get(t) for t in node.inputs]
        binding = Binder(self.solver, node, found.function(view)).bind(inputs)
        for tensor, axes in zip(node.outputs, binding.outputs, strict=False):
            if tensor.is_empty():
                continue
            self.set(tensor, axes if axes is not None else self.opaque(tensor, "not described by the op's rule"))
        self.bindings.append(binding)

    def opset(self, domain: str) -> int:
        if domain in STANDARD_DOMAINS:
            return max((self.opsets.get(d, 0) for d in STANDARD_DOMAINS), default=1)
        return self.opsets.get(domain, 1)

    def fence(self, node: gs.Node, reason: str) -> None:
        """Lock everything that a node touches."""
        for tensor in _touched(node):
            self.lock(tensor, reason)
        for tensor in node.outputs:
            if not tensor.is_empty():
                self.set(tensor, self.opaque(tensor, reason))


def _known_shape(shape: Sequence[object] | None, axes: Axes) -> list[object]:
    """A tensor's shape, with the lengths that the terms know where it is open."""
    raw = shape or [None] * len(axes)
    return [d if isinstance(d, int) or t.size is None else t.size for d, t in zip(raw, axes, strict=True)]


def _results(graph: gs.Graph) -> Iterator[gs.Tensor]:
    """What a graph and the bodies in it give out."""
    yield from graph.outputs
    for node in graph.nodes:
        for value in node.attrs.values():
            if isinstance(value, gs.Graph):
                yield from _results(value)


def _touched(node: gs.Node) -> Iterator[gs.Tensor]:
    """Inputs of a node, and of every node in its subgraphs."""
    yield from node.inputs
    for value in node.attrs.values():
        if isinstance(value, gs.Graph):
            for inner in value.nodes:
                yield from _touched(inner)
            yield from value.outputs
