"""The registry of rules, keyed by domain, op type and opset range.

A rule is a function from a node to its `Spec`; it lives in `onnxprune/coupling/ops/<family>.py`:

    @rule("MatMul")
    def matmul(node: NodeView) -> Spec:
        return Spec("... m k, ... k n -> ... m n", macs="output")

A rule that can't say how a node couples its axes raises `Fenced` with the reason: everything around the node is then
locked. So is everything around a node that has no rule at all: unknown never means "probably elementwise".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.grounds import Ground, Reason, ground_of
from onnxprune.coupling.learned import Fixed, stored_sources
from onnxprune.coupling.notation import letters, parse_axis
from onnxprune.coupling.ranks import rankless
from onnxprune.coupling.spec import Length, Spec
from onnxprune.words import first_line

Shape = tuple[int | None, ...]

STANDARD_DOMAINS = ("", "ai.onnx")

_BFLOAT16 = 16
"""ONNX's number for a type that numpy lacks."""


class Fenced(Exception):
    """A rule's refusal: the node's surroundings are locked for this reason; plain text is of the kind `Ground.FORM`."""

    @property
    def reason(self) -> Reason:
        text = self.args[0]
        return Reason(text, ground_of(text, Ground.FORM))


@dataclass(frozen=True, slots=True)
class NodeView:
    """What a rule may look at: attributes, shapes, constant operands and the opset version of the node's domain.

    results: id() of the tensors that some graph of the model gives out; fixed: see `onnxprune.coupling.learned`
    """

    node: gs.Node
    opset: int
    results: frozenset[int] = frozenset()
    fixed: Fixed = field(default_factory=dict)

    def attr(self, name: str, default: Any = None) -> Any:
        """An attribute's value, or `default` where the node doesn't have it."""
        return self.node.attrs.get(name, default)

    def given(self, i: int) -> bool:
        """Whether the optional input `i` is connected."""
        return i < len(self.node.inputs) and not self.node.inputs[i].is_empty()

    @property
    def inputs(self) -> int:
        return len(self.node.inputs)

    @property
    def outputs(self) -> int:
        return len(self.node.outputs)

    def shape(self, i: int) -> Shape:
        """The shape of input `i`; fences the node where even the rank is unknown."""
        return _shape(self.node.inputs[i], f"input {i}")

    def out_shape(self, i: int = 0) -> Shape:
        """The shape of output `i`; fences the node where even the rank is unknown."""
        return _shape(self.node.outputs[i], f"output {i}")

    def rank(self, i: int = 0) -> int:
        return len(self.shape(i))

    def is_weight(self, i: int) -> bool:
        """Whether input `i` is stored in the model."""
        return isinstance(self.node.inputs[i], gs.Constant)

    def is_learned(self, i: int) -> bool:
        """Whether input `i` is stored, made of stored tensors alone (a transposed weight), or picked out of them."""
        return bool(stored_sources(self.node.inputs[i], self.fixed))

    def value(self, i: int) -> np.ndarray | None:
        """The stored value of input `i`, or None where it is computed or absent."""
        if not self.given(i) or not self.is_weight(i):
            return None
        values: np.ndarray = self.node.inputs[i].values
        return values

    def is_float(self, i: int) -> bool:
        """Whether input `i` is known to hold floating-point numbers."""
        dtype = self.node.inputs[i].dtype
        if isinstance(dtype, int):
            return dtype == _BFLOAT16
        return dtype is not None and np.dtype(dtype).kind in "fV"

    def ints(self, i: int, attr: str | None = None) -> list[int] | None:
        """A list of integers that newer opsets pass as input `i` and older ones as attribute `attr`; None if absent."""
        if self.given(i):
            value = self.value(i)
            if value is None:
                raise Fenced(f"input {i} is computed at run time")
            return [int(v) for v in np.ravel(value)]
        given = self.attr(attr) if attr else None
        return None if given is None else [int(v) for v in np.ravel(given)]

    def readers(self, i: int = 0) -> list[gs.Node] | None:
        """The nodes that read output `i`, or None where a graph gives it out."""
        tensor = self.node.outputs[i]
        return None if id(tensor) in self.results else list(tensor.outputs)

    def lengths(self, i: int, attr: str, axes: Sequence[str | None]) -> tuple[Length, ...]:
        """Where the lengths of `axes` are stored, if they are: input `i`, attribute `attr`, or a Concat's entries.

        Entries of 1 and below (0, -1) follow by themselves.
        """
        value = self.value(i) if self.given(i) else self.attr(attr)
        if value is not None:
            named = tuple(a if int(v) > 1 else None for v, a in zip(np.ravel(value), axes, strict=True))
            return (Length(i if self.given(i) else attr, named),)
        parts = _parts(self.node.inputs[i], len(axes))
        entries = [k for k, part in enumerate(parts) if part is not None and int(part.ravel()[0]) > 1]
        return tuple(Length((i, k), (axes[k],)) for k in entries)

    def computed(self, i: int, axes: Sequence[str | None]) -> dict[str, str]:
        """Locks for the letters of those `axes` whose lengths, in input `i`, are computed at run time."""
        if not self.given(i) or self.is_weight(i):
            return {}
        parts = _parts(self.node.inputs[i], len(axes)) or [None] * len(axes)
        names = [axis for axis, part in zip(axes, parts, strict=True) if axis and part is None]
        why = Reason("its length is computed at run time", Ground.LENGTH)
        return {letter: why for name in names for letter in letters(parse_axis(name))}

    def axis(self, value: int, rank: int | None = None) -> int:
        """A non-negative axis."""
        rank = self.rank(0) if rank is None else rank
        return value + rank if value < 0 else value


def _parts(tensor: gs.Tensor, count: int) -> list[np.ndarray | None]:
    """The entries of a vector that a Concat of `count` single ones makes, None where one is computed; [] for others."""
    maker = tensor.inputs[0] if tensor.inputs else None
    if maker is None or maker.op != "Concat" or len(maker.inputs) != count:
        return []
    if any(tuple(t.shape or ()) != (1,) for t in maker.inputs):
        return []
    return [t.values if isinstance(t, gs.Constant) else None for t in maker.inputs]


def _shape(tensor: gs.Tensor, what: str) -> Shape:
    if tensor.shape is None:
        raise Fenced(rankless(tensor, what))
    return tuple(d if isinstance(d, int) and d >= 0 else None for d in tensor.shape)


RuleFunction = Callable[[NodeView], Spec]


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule: for which op, in which opsets (until is exclusive), and the function that states it."""

    domain: str
    op: str
    since: int
    until: int
    function: RuleFunction

    @property
    def summary(self) -> str:
        """The rule itself where it is one constant spec, else the first line of the function's docstring."""
        return first_line(self.function)


_RULES: dict[tuple[str, str], list[Rule]] = {}


def rule(*ops: str, domain: str = "", since: int = 1, until: int = 10**6) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule of `ops` in the opsets from `since` up to, and without, `until`.

    Raises ValueError where an op has a rule for one of these opsets already.
    """

    def register(function: RuleFunction) -> RuleFunction:
        for op in ops:
            known = _RULES.setdefault((domain, op), [])
            if any(r.since < until and since < r.until for r in known):
                raise ValueError(f"two rules for op {f'{domain}::' if domain else ''}{op} in opsets {since} to {until}")
            known.append(Rule(domain, op, since, until, function))
        return function

    return register


def state(text: str, *ops: str, domain: str = "", **spec: Any) -> None:
    """Register one constant spec as the rule of `ops`."""
    fixed = Spec(text, **spec)

    def stated(_: NodeView) -> Spec:
        return fixed

    stated.__doc__ = str(fixed)
    rule(*ops, domain=domain)(stated)


def refuse(why: str, *ops: str, domain: str = "") -> None:
    """Register ops that can't be described: everything around them is locked, because `why`."""

    def refused(_: NodeView) -> Spec:
        raise Fenced(Reason(why, ground_of(why)))

    refused.__doc__ = f"locked: {why}"
    rule(*ops, domain=domain)(refused)


_REFUSED_DOMAINS: dict[str, str] = {}


def refuse_domain(domain: str, why: str) -> None:
    """Register a whole domain whose ops, but for those with a rule of their own, can't be described, because `why`."""
    _REFUSED_DOMAINS[domain] = why


def refused_domains() -> dict[str, str]:
    """Domain -> why everything around its ops is locked."""
    return dict(_REFUSED_DOMAINS)


def find(domain: str, op: str, opset: int) -> Rule | None:
    """The rule of an op at an opset, or None."""
    domain = "" if domain in STANDARD_DOMAINS else domain
    for candidate in _RULES.get((domain, op), ()):
        if candidate.since <= opset < candidate.until:
            return candidate
    return None


def rules() -> Iterator[Rule]:
    """Every registered rule, by domain and op."""
    for key in sorted(_RULES):
        yield from _RULES[key]
