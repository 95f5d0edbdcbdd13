"""What a model's time is as a function of how many units every group keeps, from measurements of pruned variants.

ONNX Runtime fuses nodes and lays tensors out anew, so what is fitted are the nodes that it really ran, in the whole
model: each one's time over the widths of the variants. Which axis of such a node depends on which group is seen from
how its length changes from variant to variant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from onnxprune.budget.cost import Cost, Shapes, macs, traffic
from onnxprune.budget.monomial import Counting, Monomial
from onnxprune.budget.work_of_node import Axis, Product, axes, features, value
from onnxprune.coupling import Analysis
from onnxprune.coupling.terms import Atom, Term, length
from onnxprune.runtime import NodeTime

BLOCKED = "_nchwc"
"""What ONNX Runtime appends to the name of a convolution that it lays out in blocks, where the widths suit that."""

NEAR = 0.08
"""Of the dense model's time: variants whose time lies so far from the target count e times less for the level."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A pruned model that was timed. counts: group id -> units that it kept; ratio: its time, and the nodes' shares,
    as fractions of the dense model's"""

    counts: Mapping[str, int]
    ratio: float
    nodes: Sequence[NodeTime]


def latency(analysis: Analysis, variants: Sequence[Variant], near: float, shapes: Shapes | None = None) -> Cost:
    """Time as a fraction of the dense model's.

    near: the fraction that should be told best: the level of the estimate is that of variants which took about as long
    """
    fitted = _Fit(analysis, variants)
    found = [monomial for alike in fitted.classes() for monomial in fitted.monomials(alike)]
    rest = np.array([v.ratio for v in variants]) - fitted.explained
    found += _rest(rest, [macs(analysis, shapes), traffic(analysis, shapes)], fitted.counts)
    level = _level(Cost(found), fitted.counts, [v.ratio for v in variants], near)
    return Cost([replace(m, factor=m.factor * level) for m in found], whole=1.0)


def _level(cost: Cost, counts: Sequence[Mapping[Atom, int]], ratios: Sequence[float], near: float) -> float:
    """What the estimate has to be multiplied with so that it is right about variants near a fraction."""
    told = np.array([cost.total(c) for c in counts])
    weights = np.exp(-np.abs(np.array(ratios) - near) / NEAR)
    return float(np.average(np.array(ratios) / np.maximum(told, 1e-9), weights=weights + 1e-9))


class _Fit:
    """The nodes of the variants, and the lengths of the analysed model's axes in them.

    counts: atom -> units, for every variant; explained: by now, the share of each variant's time that nodes tell
    """

    def __init__(self, analysis: Analysis, variants: Sequence[Variant]) -> None:
        by_id = {group.id: group.atom for group in analysis.groups}
        self.variants = variants
        self.counts = [{by_id[k]: n for k, n in v.counts.items() if k in by_id} for v in variants]
        self.explained = np.zeros(len(variants))
        self._terms: dict[tuple[Fraction, ...], list[tuple[float, Term, int]]] = {}
        for at, binding in enumerate(analysis.bindings):
            for term in (t for operand in (*binding.inputs, *binding.outputs) for t in operand or ()):
                self._enter(term, at / len(analysis.bindings))

    def _enter(self, term: Term, at: float) -> None:
        if term.size is not None:
            sizes = [length(term, lambda a, c=c: c.get(a, a.size or 1)) for c in self.counts]  # type: ignore[misc]
            self._terms.setdefault(_relative(sizes), []).append((at, term, sizes[0]))

    def classes(self) -> list[list[tuple[float, list[NodeTime]]]]:
        """Nodes that every variant has, those of one op and the same shapes together, each with its place in order."""
        every = [
            {(n.op, n.name.removesuffix(BLOCKED)): (k / len(v.nodes), n) for k, n in enumerate(v.nodes)}
            for v in self.variants
        ]
        found: dict[object, list[tuple[float, list[NodeTime]]]] = {}
        for key, (place, node) in every[0].items():
            if all(key in nodes for nodes in every):
                alike = (node.op, node.inputs, node.outputs)
                found.setdefault(alike, []).append((place, [nodes[key][1] for nodes in every]))
        return list(found.values())

    def monomials(self, alike: list[tuple[float, list[NodeTime]]]) -> list[Monomial]:
        """The time of nodes of one kind; none where the lengths of their axes are not understood."""
        sums = features(alike[0][1][0])
        try:
            rows = np.array([[value(s, node) for s in sums] for _, nodes in alike for node in nodes])
            terms = [{axis: self._term(axis, nodes, place) for s in sums for axis in axes(s)} for place, nodes in alike]
        except (IndexError, KeyError):
            return []
        seconds = np.array([node.share for _, nodes in alike for node in nodes])
        factors = _nonnegative(rows, seconds)
        self.explained += (rows @ factors).reshape(len(alike), -1).sum(axis=0)
        return [
            _monomial(nodes[0].name, factor, product, found)
            for (_, nodes), found in zip(alike, terms, strict=True)
            for factor, feature in zip(factors, sums, strict=True)
            for product in feature
            if factor > 0
        ]

    def _term(self, axis: Axis, nodes: Sequence[NodeTime], place: float) -> tuple[Term | None, float]:
        """The axis of the analysed model that a node's axis changes with, and how often it goes into that; None: it
        does not change. Raises KeyError where there is none."""
        sizes = [axis.of(node) for node in nodes]
        if len(set(sizes)) == 1:
            return None, float(axis.counting.of(sizes[0]))
        known = self._terms[_relative(sizes)]
        _, term, first = min(known, key=lambda entry: (entry[2] != sizes[0], abs(entry[0] - place)))
        return term, sizes[0] / first


def _relative(sizes: Sequence[int]) -> tuple[Fraction, ...]:
    return tuple(Fraction(size, max(sizes[0], 1)) for size in sizes)


def _monomial(label: str, factor: float, product: Product, terms: Mapping[Axis, tuple[Term | None, float]]) -> Monomial:
    found = [(*terms[axis], axis.counting) for axis in product]
    constant = math.prod(n for term, n, counting in found if term is None or counting is not Counting.BROKEN)
    changing = [(term, counting) for term, _, counting in found if term is not None]
    counting = tuple(c for _, c in changing)
    plain = all(c is Counting.LENGTH for c in counting)
    return Monomial(label, factor * constant, tuple(t for t, _ in changing), () if plain else counting)


def _rest(left: np.ndarray, costs: Sequence[Cost], counts: Sequence[Mapping[Atom, int]]) -> list[Monomial]:
    """The time that no node accounts for, over the arithmetic and the elements moved in the whole model."""
    rows = np.array([[1.0, *(cost.total(c) / max(cost.total(), 1.0) for cost in costs)] for c in counts])
    constant, *factors = _nonnegative(rows, left)
    scaled = [
        Monomial(m.label, m.factor * factor / max(cost.total(), 1.0), m.axes)
        for factor, cost in zip(factors, costs, strict=True)
        for m in cost.monomials
        if factor > 0
    ]
    return [Monomial("rest", constant, ()), *scaled]


def _nonnegative(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Least squares with factors that are not negative (Lawson and Hanson 1974); large times may be off by more."""
    from scipy.optimize import nnls

    scale = np.maximum(np.abs(rows).max(axis=0), 1e-30)
    weights = 1 / np.sqrt(np.maximum(np.abs(wanted), 0.05 * np.abs(wanted).max() + 1e-12))
    found, _ = nnls(rows / scale * weights[:, None], wanted * weights)
    return np.asarray(found / scale)
