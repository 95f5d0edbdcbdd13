"""What a model costs as a function of how many units every group keeps: MACs, parameters, bytes.

A cost is a sum of monomials, one per node (MACs) or stored tensor (parameters, bytes), each a product of axis lengths.
Only the monomials that a group occurs in are evaluated again when its count changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import onnx_graphsurgeon as gs

from onnxprune.budget.monomial import Counts, Monomial
from onnxprune.budget.stated import stated_macs
from onnxprune.coupling import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.notation import letters
from onnxprune.coupling.terms import Atom, Term, leaves, length

Shapes = Mapping[str, Sequence[int]]
"""Tensor name -> shape, for tensors whose shape is open in the model: what it is in the case that is costed."""

FARTHER = 2.0
"""Weights come from memory once per inference; what is computed comes from a nearer cache (measured on ResNet-50)."""


class Cost:
    """A sum of monomials and a constant.

    whole: what the dense model costs, where that was measured and is not the sum with all units
    """

    def __init__(self, monomials: Iterable[Monomial], constant: float = 0.0, whole: float | None = None) -> None:
        self.monomials = list(monomials)
        self.constant = constant
        self._whole = whole
        self._of: dict[Atom, list[int]] = {}
        for i, monomial in enumerate(self.monomials):
            for leaf in {leaf for term in monomial.axes for leaf in leaves(term)}:
                self._of.setdefault(leaf, []).append(i)

    def total(self, counts: Counts | None = None) -> float:
        """The cost when groups keep `counts` units (all, where not named)."""
        counts = counts or {}
        return self.constant + sum(m.value(counts) for m in self.monomials)

    @property
    def whole(self) -> float:
        """What the dense model costs."""
        return self.total() if self._whole is None else self._whole

    def change(self, counts: dict[Atom, int], atom: Atom, count: int) -> float:
        """How the cost changes when one group goes from its present count to `count`."""
        touched = [self.monomials[i] for i in self._of.get(atom, ())]
        before = sum(m.value(counts) for m in touched)
        after = sum(m.value({**counts, atom: count}) for m in touched)
        return after - before

    def matters(self, atom: Atom) -> bool:
        """Whether the group occurs in the cost at all."""
        return atom in self._of


def macs(analysis: Analysis, shapes: Shapes | None = None) -> Cost:
    """Multiply-accumulates of one inference; both branches of an If count."""
    return Cost(m for b in analysis.bindings if b.spec.macs for m in _node_macs(b, shapes or {}))


def _node_macs(binding: Binding, shapes: Shapes) -> list[Monomial]:
    if binding.spec.macs not in ("output", "input"):
        return stated_macs(binding, shapes)
    found = _side_macs(binding, shapes)
    return [] if found is None else [found]


def _side_macs(binding: Binding, shapes: Shapes) -> Monomial | None:
    """The elements of one side times what the other side adds: contracted letters, or (transposed) new ones."""
    forward = binding.spec.macs == "output"
    tensor = binding.node.outputs[0] if forward else binding.node.inputs[0]
    axes = binding.outputs[0] if forward else binding.inputs[0]
    if axes is None:
        return None
    names = binding.vanishing if forward else _new_letters(binding)
    factor, terms = _open(tensor, axes, shapes)
    label = binding.node.name or binding.node.outputs[0].name
    return Monomial(label, factor, (*terms, *(binding.env[n] for n in names), *binding.kernel))


def _new_letters(binding: Binding) -> list[str]:
    first = {name for axis in binding.spec.pattern.inputs[0] or () for name in letters(axis)}
    made = [name for axis in binding.spec.pattern.outputs[0] or () for name in letters(axis)]
    return [name for name in made if name not in first]


def _open(tensor: gs.Tensor, axes: Sequence[Term], shapes: Shapes) -> tuple[float, list[Term]]:
    """Axes of known length as terms; open ones as a number, less what is known inside them."""
    factor, terms = 1.0, []
    for i, term in enumerate(axes):
        terms.append(term)
        if term.size is None:
            known = length(term, lambda a: a.size or 1)
            factor *= (shapes[tensor.name][i] if tensor.name in shapes else known) / max(known, 1)
    return factor, terms


UNFUSED = frozenset("Sigmoid Mul HardSwish HardSigmoid Erf Tanh Div Gelu Swish Pow Exp Softplus Elu Mish".split())
"""Ops that ONNX Runtime runs by themselves behind what they follow: they read and write it once more."""


def traffic(analysis: Analysis, shapes: Shapes | None = None) -> Cost:
    """Elements that the multiplying ops read and write, and those of activations that are not fused into them.

    Weights (tensors of two axes and more) weigh `FARTHER` times as much as what is computed.
    """
    weights = ((name, axes) for name, axes, tensor in _tensors(analysis) if _counts(tensor) and len(axes) > 1)
    monomials = [Monomial(name, FARTHER, axes) for name, axes in weights]
    for binding in analysis.bindings:
        for tensor, axes, times in _moved(binding):
            if axes is not None:
                factor, terms = _open(tensor, axes, shapes or {})
                monomials.append(Monomial(binding.node.name, times * factor, tuple(terms)))
    return Cost(monomials)


def _moved(binding: Binding) -> list[tuple[gs.Tensor, Sequence[Term] | None, float]]:
    """Computed tensors that a node reads or writes, and how often."""
    node = binding.node
    if binding.spec.macs:
        return [(node.inputs[0], binding.inputs[0], 1.0), (node.outputs[0], binding.outputs[0], 1.0)]
    return [(node.outputs[0], binding.outputs[0], 2.0)] if node.op in UNFUSED else []


def params(analysis: Analysis) -> Cost:
    """Elements of all stored floating-point and quantised tensors that nodes use."""
    return Cost(Monomial(name, 1.0, axes) for name, axes, tensor in _tensors(analysis) if _counts(tensor))


def size(analysis: Analysis, file_bytes: int) -> Cost:
    """Bytes of the file: what its stored tensors take, and a constant for all else."""
    monomials = [Monomial(name, tensor.dtype.itemsize, axes) for name, axes, tensor in _tensors(analysis)]
    stored = sum(m.value({}) for m in monomials)
    return Cost(monomials, max(file_bytes - stored, 0.0))


def _tensors(analysis: Analysis) -> list[tuple[str, tuple[Term, ...], gs.Constant]]:
    found: dict[int, tuple[str, list[Term], gs.Constant]] = {}
    for site in analysis.sites:
        found.setdefault(id(site.tensor), (site.tensor.name, [], site.tensor))[1].append(site.term)
    return [(name, tuple(axes), tensor) for name, axes, tensor in found.values()]


def _counts(tensor: gs.Constant) -> bool:
    return tensor.dtype.kind in "fV" or (tensor.dtype.kind in "iu" and tensor.dtype.itemsize == 1)
