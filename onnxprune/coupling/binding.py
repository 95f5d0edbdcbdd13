"""Applying a rule to a node: letters become terms, operands are unified, outputs get their terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import onnx_graphsurgeon as gs

from onnxprune.coupling.align import align, spread
from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.notation import Axis, Factors, Letter, Number, Operand, Run, Segments, letters, parse_axis
from onnxprune.coupling.ranks import rankless
from onnxprune.coupling.rule import Fenced
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.spec import Length, Spec
from onnxprune.coupling.terms import UNIT, Term, atom, concat, product

ALONG = "axis that the op works along"
FIXED = Reason("fixed length", Ground.FIXED)
OPEN = Reason("length known only at run time", Ground.LENGTH)

Axes = tuple[Term, ...]
"""The terms of a tensor's axes."""


@dataclass(slots=True)
class Binding:
    """A node, its rule and what the rule's letters stand for.

    inputs, outputs: the terms of every operand's axes (None where the operand is absent or its rank unknown)
    kernel:  axes of the spec's operand `kernel` under `*`: the kernel of a convolution
    """

    node: gs.Node
    spec: Spec
    inputs: list[Axes | None]
    outputs: list[Axes | None]
    env: dict[str, Term] = field(default_factory=dict)
    kernel: tuple[Term, ...] = ()

    @property
    def vanishing(self) -> list[str]:
        """Letters of the inputs that no output has: what the op sums over."""
        pattern = self.spec.pattern
        kept = {name for operand in pattern.outputs for axis in operand or () for name in letters(axis)}
        kept |= {name for sides in self.spec.ties for side in sides for name in side}
        seen = [name for operand in pattern.inputs for axis in operand or () for name in letters(axis)]
        return [name for name in dict.fromkeys(seen) if name not in kept and name in self.env]


class Binder:
    """Applies one spec to one node."""

    def __init__(self, solver: Solver, node: gs.Node, spec: Spec) -> None:
        self.solver = solver
        self.node = node
        self.spec = spec
        self.env: dict[str, Term] = {}
        self.shared: list[Term] = []  # the `...` run, broadcast so far
        self.kernel: tuple[Term, ...] = ()
        self.along: int | None = None
        self.deferred: list[tuple[Axis, Term]] = []

    def bind(self, inputs: list[Axes | None]) -> Binding:
        """Unify the inputs with the rule and give every output its terms. Raises Fenced where the rule doesn't fit."""
        pattern = self.spec.pattern
        if not all(t.is_empty() for t in self.node.inputs[len(pattern.inputs) :]):
            raise Fenced("more inputs than its rule knows")
        if not all(t.is_empty() for t in self.node.outputs[len(pattern.outputs) :]):
            raise Fenced("more outputs than its rule knows")
        for i, (axes, operand) in enumerate(zip(inputs, pattern.inputs, strict=False)):
            self._input(i, axes, operand)
        self._settle()
        for one, other in self.spec.alike.items():
            self.solver.unify(self.env[one], self.env[other])
        outputs = [
            None if operand is None or tensor.is_empty() else self._output(tensor, operand)
            for tensor, operand in zip(self.node.outputs, pattern.outputs, strict=False)
        ]
        for before, after in self.spec.ties:
            self.solver.unify(*(product(*(self._tied(name) for name in side)) for side in (before, after)))
        self._mark()
        spec = replace(self.spec, lengths=tuple(map(self._refillable, self.spec.lengths)))
        return Binding(self.node, spec, inputs, outputs, self.env, self.kernel)

    # --------------------------------------------------------------------------------------------- inputs

    def _input(self, i: int, axes: Axes | None, operand: Operand) -> None:
        if operand is None:
            for term in axes or ():
                self.solver.lock(term, "read as a parameter of the op")
        elif axes is not None:
            self._match(i, axes, operand)
        elif not self.node.inputs[i].is_empty():
            raise Fenced(rankless(self.node.inputs[i], f"input {i}"))

    def _match(self, i: int, axes: Axes, operand: Sequence[Axis]) -> None:
        for pattern_axis, run in align(operand, axes):
            if isinstance(pattern_axis, Run):
                self._match_run(i, pattern_axis, run)
            elif isinstance(pattern_axis, Letter):
                self._let(pattern_axis.name, run[0])
            elif isinstance(pattern_axis, Number):
                self.solver.lock(run[0], FIXED)
            else:
                self.deferred.append((pattern_axis, run[0]))

    def _match_run(self, i: int, axis: Run, run: Sequence[Term]) -> None:
        if axis.kind == "...":
            self.shared = self._broadcast(self.shared, list(run))
            return
        if i == 0:
            self.along = len(run)
        if i == self.spec.kernel:
            self.kernel = tuple(run)
        for term in run:
            self.solver.lock(term, ALONG)

    def _broadcast(self, a: list[Term], b: list[Term]) -> list[Term]:
        """Right-aligned; an axis of size 1 takes the other side's term."""
        short, long = (a, b) if len(a) <= len(b) else (b, a)
        merged = list(long)
        offset = len(long) - len(short)
        for j, term in enumerate(short):
            other = merged[offset + j]
            if other.size == 1:
                merged[offset + j] = term
            elif term.size != 1:
                self.solver.unify(other, term)
        return merged

    def _let(self, name: str, term: Term) -> None:
        if name in self.env:
            self.solver.unify(self.env[name], term)
        else:
            self.env[name] = term

    def _settle(self) -> None:
        """Composite axes, once enough letters are known to size them."""
        while self.deferred:
            waiting = len(self.deferred)
            todo, self.deferred = self.deferred, []
            for axis, term in todo:
                if self._size_letters(axis, term.size):
                    self.solver.unify(term, self._term(axis))
                else:
                    self.deferred.append((axis, term))
            if len(self.deferred) == waiting:
                raise Fenced("lengths that its rule can't tell")

    # --------------------------------------------------------------------------------------------- letters

    def _known(self, axis: Axis) -> int | None:
        if isinstance(axis, Number):
            return axis.size
        if isinstance(axis, Letter):
            return self.env[axis.name].size if axis.name in self.env else self.spec.sizes.get(axis.name)
        if not isinstance(axis, (Factors, Segments)):
            return None
        sizes = [self._known(part) for part in axis.parts]
        if any(s is None for s in sizes):
            return None
        known = [s for s in sizes if s is not None]
        return math.prod(known) if isinstance(axis, Factors) else sum(known)

    def _size_letters(self, axis: Axis, size: int | None) -> bool:
        """Give every new letter of an axis of length `size` an atom; False where more than one length is open."""
        if isinstance(axis, Letter):
            return self._new_letter(axis.name, size)
        if isinstance(axis, Number):
            return True
        assert isinstance(axis, (Factors, Segments))
        known = [self._known(part) for part in axis.parts]
        missing = [j for j, part in enumerate(axis.parts) if known[j] is None and not self._complete(part)]
        if len(missing) > 1:
            return False
        if missing and known.count(None) == 1:
            known[missing[0]] = _remainder(axis, size, [s for s in known if s is not None])
        sized = [self._size_letters(part, s) for part, s in zip(axis.parts, known, strict=True)]
        return all(sized)

    def _complete(self, axis: Axis) -> bool:
        return all(name in self.env for name in letters(axis))

    def _new_letter(self, name: str, size: int | None) -> bool:
        if name not in self.env:
            self.env[name] = concat() if size == 0 else atom(size)
        return True

    def _term(self, axis: Axis) -> Term:
        if isinstance(axis, Letter):
            return self.env[axis.name]
        if isinstance(axis, Number):
            return self._fixed(axis.size)
        assert isinstance(axis, (Factors, Segments))
        parts = [self._term(part) for part in axis.parts]
        return product(*parts) if isinstance(axis, Factors) else concat(*parts)

    def _fixed(self, size: int | None) -> Term:
        term = atom(size)
        self.solver.lock(term, FIXED if size is not None else OPEN)
        return term

    def _tied(self, name: str) -> Term:
        self._new_letter(name, self.spec.sizes.get(name))
        return self.env[name]

    # --------------------------------------------------------------------------------------------- outputs

    def _output(self, tensor: gs.Tensor, operand: tuple[Axis, ...]) -> Axes | None:
        shape = None if tensor.shape is None else [d if isinstance(d, int) and d >= 0 else None for d in tensor.shape]
        known = [term.size for term in self.shared]
        axes: list[Term] = []
        pairs = align(operand, shape, len(known)) if shape is not None else spread(operand, known, self.along)
        for pattern_axis, run in pairs:
            if isinstance(pattern_axis, Run) and pattern_axis.kind == "...":
                if len(run) != len(known):
                    raise Fenced(f"an output of rank {len(shape or ())} where its rule says otherwise")
                axes += [fit(self.solver, term, size) for term, size in zip(self.shared, run, strict=True)]
            elif isinstance(pattern_axis, Run):
                axes += [self._fixed(size) for size in run]
            else:
                axes.append(self._made(pattern_axis, run[0]))
        return tuple(axes)

    def _made(self, axis: Axis, size: int | None) -> Term:
        if not self._complete(axis) and not self._size_letters(axis, size):
            raise Fenced("lengths of an output that its rule can't tell")
        return fit(self.solver, self._term(axis), size)

    def _refillable(self, place: Length) -> Length:
        """A stored length can follow only what is known; an axis of which a part is open is locked."""
        axes = tuple(axis and self._follows(parse_axis(axis)) and axis for axis in place.axes)
        return replace(place, axes=tuple(axis or None for axis in axes))

    def _follows(self, axis: Axis) -> bool:
        term = self._term(axis)
        if term.size is None:
            self.solver.lock(term, Reason("its length is written down, but known only at run time", Ground.LENGTH))
        return term.size is not None

    def _mark(self) -> None:
        for marks, mark in (
            (self.spec.inexact, self.solver.inexact),
            (self.spec.locked, self.solver.lock),
            (self.spec.roles, self.solver.role),
        ):
            for name, text in marks.items():
                for term in self.shared if name == "..." else [self.env.get(name, UNIT)]:
                    mark(term, text)


def fit(solver: Solver, term: Term, size: int | None) -> Term:
    """`term` for an axis that has `size` indices (None: unknown); a fresh locked one, both locked, where it has not."""
    if size is None or term.size == size:
        return term
    what = "a length that is known only at run time" if term.size is None else str(term.size)
    ground = Ground.LENGTH if term.size is None else Ground.FORM
    text = Reason(f"makes an axis of {size} where its rule says {what}", ground)
    fresh = atom(size)
    for side in (term, fresh):
        solver.lock(side, text)
    return fresh


def _remainder(axis: Factors | Segments, size: int | None, known: list[int]) -> int | None:
    if size is None:
        return None
    if isinstance(axis, Segments):
        rest = size - sum(known)
    else:
        rest, left_over = divmod(size, math.prod(known))
        if left_over:
            raise Fenced(f"an axis of {size} that its rule can't factor by {math.prod(known)}")
    if rest < 0:
        raise Fenced(f"an axis of {size} that is shorter than its rule says")
    return rest
