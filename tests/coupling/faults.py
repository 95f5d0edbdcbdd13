"""Deliberate mistakes, to be patched in: in what rules say, in the solver, and around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from onnxprune.coupling import walker as walker_room
from onnxprune.coupling.binding import Binder
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.ops import control
from onnxprune.coupling.rule import NodeView, Rule
from onnxprune.coupling.solver import Edge, Solver
from onnxprune.coupling.spec import Spec
from onnxprune.coupling.terms import Product, Sum, Term, atom, concat, factors, leaves, product, resolve
from onnxprune.coupling.walker import Walker
from onnxprune.rewrite import means

registry = import_module("onnxprune.coupling.rule")  # the package has a function of that name

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]


# ------------------------------------------------------------------------------------------------- faults in rules


def change(op: str, edit: Callable[[NodeView, Spec], Spec], domain: str = "") -> Fault:
    """Let `edit` spoil what the rules of an op say; it must change something."""

    def spoil(good: Rule) -> Rule:
        def bad(node: NodeView) -> Spec:
            spec = good.function(node)
            spoilt = edit(node, spec)
            CHANGED.append(spoilt != spec)
            return spoilt

        return replace(good, function=bad)

    def fault(patch: Patch) -> None:
        patch.setitem(registry._RULES, (domain, op), [spoil(r) for r in registry._RULES[(domain, op)]])

    return fault


CHANGED: list[bool] = []


def respell(op: str, old: str, new: str) -> Fault:
    return change(op, lambda _, spec: replace(spec, text=spec.text.replace(old, new)))


def forget(op: str, what: str) -> Fault:
    empty: dict[str, Any] = {"locked": {}, "inexact": {}, "pin": {}, "alike": {}}
    return change(op, lambda _, spec: replace(spec, **{what: empty.get(what, ())}))


def pointwise(op: str) -> Fault:
    return change(op, lambda node, _: Spec(", ".join(["...", *["_"] * (node.inputs - 1)]) + " -> ..."))


def state(op: str, text: str, **fields: Any) -> Fault:
    return change(op, lambda _, spec: replace(spec, text=text, **fields))


def turned_pairs(_: NodeView, spec: Spec) -> Spec:
    """The axes of every product in the other order."""
    return replace(spec, ties=tuple((before[::-1], after) for before, after in spec.ties))


def only_starts(_: NodeView, spec: Spec) -> Spec:
    return replace(spec, lengths=spec.lengths[:1])


def only_ends(_: NodeView, spec: Spec) -> Spec:
    return replace(spec, lengths=spec.lengths[1:])


def shifted(_: NodeView, spec: Spec) -> Spec:
    """A Slice that begins one index late."""
    sizes = {k: v + (1 if k[0] == "p" else -1 if k[0] == "q" else 0) for k, v in spec.sizes.items()}
    return replace(spec, sizes=sizes)


# ------------------------------------------------------------------------------------------------- faults in the solver


def refined_backwards(kind: type) -> Fault:
    def refine(self: Solver, a: Any, pieces: Any, made: type) -> Any:
        turned = pieces[::-1] if made is kind else pieces
        self._bind(a, concat(*turned) if made is Sum else product(*turned))
        return pieces

    return lambda patch: patch.setattr(Solver, "_refine", refine)


def heirless(patch: Patch) -> None:
    def bind(self: Solver, a: Any, term: Term) -> None:
        self.edges += [Edge(a, leaf, "part", self.cause) for leaf in leaves(term)]
        a.bound = term

    patch.setattr(Solver, "_bind", bind)


def loose_minors(patch: Patch) -> None:
    """A sum is divided, but its segments keep minors of their own."""

    def divide(self: Solver, parts: list[Term], minor: int) -> Any:
        pieces = [self.divide(part, (part.size or 0) // minor) for part in parts]
        if any(p is None for p in pieces):
            return None
        return concat(*(p[0] for p in pieces if p)), pieces[0][1] if pieces[0] else None

    patch.setattr(Solver, "_divide_sum", divide)


def loose_rest(patch: Patch) -> None:
    """A product is cut, but its pieces do not share their minor part."""

    def cut(self: Solver, parts: list[Term], n: int) -> Any:
        size = product(*parts[1:]).size or 1
        pieces = self.cut(parts[0], n // size)
        return pieces and tuple(product(p, atom(size)) for p in pieces)

    patch.setattr(Solver, "_cut_product", cut)


def careless(patch: Patch) -> None:
    """What has no common refinement is left as it is."""
    patch.setattr(Solver, "_no_refinement", lambda *_: None)


def blind_to_open(patch: Patch) -> None:
    patch.setattr(Solver, "_walk_open", lambda *_: None)


def lenient_lengths(patch: Patch) -> None:
    lock_all = Solver._lock_all

    def lock(self: Solver, terms: Any, text: str) -> None:
        if "where one is expected" not in text:
            lock_all(self, terms, text)

    patch.setattr(Solver, "_lock_all", lock)


# ------------------------------------------------------------------------------------------------- faults elsewhere


def left_aligned(patch: Patch) -> None:
    def broadcast(self: Binder, a: list[Term], b: list[Term]) -> list[Term]:
        short, long = sorted((a, b), key=len)
        merged = list(long)
        for j, term in enumerate(short):
            if merged[j].size == 1:
                merged[j] = term
            elif merged[j].size == term.size:
                self.solver.unify(merged[j], term)
        return merged

    patch.setattr(Binder, "_broadcast", broadcast)


def narrow_broadcast(patch: Patch) -> None:
    """An axis of one index decides instead of the longer one."""

    def broadcast(self: Binder, a: list[Term], b: list[Term]) -> list[Term]:
        short, long = sorted((a, b), key=len)
        merged = list(long)
        for j, term in enumerate(short, len(long) - len(short)):
            if merged[j].size == term.size and term.size != 1:
                self.solver.unify(merged[j], term)
            elif term.size != 1:
                merged[j] = atom(term.size)
        return merged

    patch.setattr(Binder, "_broadcast", broadcast)


def unknown_is_pointwise(patch: Patch) -> None:
    """Every op that ONNX Runtime runs has a rule, so the one of ReverseSequence is forgotten."""
    find = walker_room.find

    def guess(domain: str, op: str, opset: int) -> Rule | None:
        def through(node: NodeView) -> Spec:
            return Spec(", ".join(["...", *["_"] * (node.inputs - 1)]) + " -> ...")

        known = None if op == "ReverseSequence" else find(domain, op, opset)
        return known or Rule(domain, op, 1, 99, through)

    patch.setattr(walker_room, "find", guess)


def unlocked(reason: str) -> Fault:
    """One reason locks nothing."""

    def fault(patch: Patch) -> None:
        lock = Solver.lock

        def most(self: Solver, term: Term, text: str) -> None:
            if reason not in text:
                lock(self, term, text)

        patch.setattr(Solver, "lock", most)

    return fault


def toothless_fence(patch: Patch) -> None:
    def fence(self: Walker, node: Any, reason: str) -> None:
        for tensor in node.outputs:
            self.set(tensor, tuple(atom(d) for d in tensor.shape))

    patch.setattr(Walker, "fence", fence)


def mask(kind: type, spoil: Callable[[Keep, Any], np.ndarray]) -> Fault:
    def fault(patch: Patch) -> None:
        good = Keep.mask

        def bad(self: Keep, term: Term) -> np.ndarray:
            term = resolve(term)
            return spoil(self, term) if isinstance(term, kind) else good(self, term)

        patch.setattr(Keep, "mask", bad)

    return fault


def minor_first(keep: Keep, term: Product) -> np.ndarray:
    whole = np.ones(1, bool)
    for factor in factors(term):
        whole = np.outer(keep.mask(factor), whole).ravel()
    return whole


def backwards(keep: Keep, term: Sum) -> np.ndarray:
    return np.concatenate([keep.mask(s) for s in term.segments[::-1]])


def factor(spoil: Callable[[float], float]) -> Fault:
    """What pruned means are multiplied by."""

    def fault(patch: Patch) -> None:
        share = means._share
        patch.setattr(means, "_share", lambda binding, keep: spoil(share(binding, keep)))

    return fault


def branches_apart(patch: Patch) -> None:
    patch.setattr(control, "_one", lambda walker, a, b: a)
