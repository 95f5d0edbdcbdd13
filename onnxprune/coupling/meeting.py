"""Why two axes are not coupled: where their groups meet, and what the node there does with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnxprune.coupling.analysis import Analysis, Site
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.terms import Atom, Product, Sum, Term, leaves, resolve


@dataclass(frozen=True, slots=True)
class Meeting:
    """A node that has to do with units of two sites, which stay apart.

    how:  "sums" (over units of the first, to make those of the second), "makes" (the other way round), "beside" (both
          are in one axis, one behind the other), "crossed" (both are in one axis, every unit of the one for every unit
          of the other) or "apart" (on axes of their own)
    term: the axis that both are in
    """

    node: str
    op: str
    how: str
    term: Term | None = None

    def sentence(self, one: str, other: str, show: Callable[[Term], str]) -> str:
        """What the node does, with the names of the two and a way to show a term."""
        axis = "" if self.term is None else show(self.term)
        what = {
            "sums": f"sums over the units of {one} to make those of {other}",
            "makes": f"sums over the units of {other} to make those of {one}",
            "beside": f"puts their units side by side, {axis}, where each goes alone",
            "crossed": f"has their units as factors of one axis, {axis}: whole rows and columns go, each alone",
            "apart": "has them on axes of their own",
        }[self.how]
        return f"they meet in {self.op} '{self.node}', which {what}"


def nearest(analysis: Analysis, ones: Sequence[Site], others: Sequence[Site]) -> tuple[Site, Site, Meeting] | None:
    """Of two lists of sites without common units, a pair that meets: in a node that tells most. None: nowhere."""
    pairs = ((one, other, meeting(analysis, one, other)) for one in ones for other in others)
    found = [(one, other, m) for one, other, m in pairs if m is not None]
    return min(found, key=lambda entry: _RANK.index(entry[2].how), default=None)


def meeting(analysis: Analysis, one: Site, other: Site) -> Meeting | None:
    """The first node where two sites without common units meet, best one that sums over the one; None: nowhere."""
    ours, theirs = _free(one), _free(other)
    found = [m for b in analysis.bindings if (m := _in_node(b, ours, theirs)) is not None]
    return min(found, key=lambda m: _RANK.index(m.how), default=None)


def _free(site: Site) -> set[Atom]:
    """The units of a site; what is locked meets everything and tells nothing."""
    return {leaf for leaf in leaves(site.term) if not leaf.locked}


_RANK = ("sums", "makes", "beside", "crossed", "apart")


def _in_node(binding: Binding, ours: set[Atom], theirs: set[Atom]) -> Meeting | None:
    axes = [term for operand in (*binding.inputs, *binding.outputs) for term in operand or ()]
    present = {leaf for term in axes for leaf in leaves(term)}
    if not (present & ours and present & theirs):
        return None
    node = binding.node
    name = node.name or node.outputs[0].name
    both = next((t for t in axes if ours & set(leaves(t)) and theirs & set(leaves(t))), None)
    if both is not None:
        return Meeting(name, node.op, _inside(both, ours, theirs), both)
    gone = {leaf for letter in binding.vanishing for leaf in leaves(binding.env[letter])}
    made = {leaf for operand in binding.outputs for term in operand or () for leaf in leaves(term)}
    how = "sums" if gone & ours and made & theirs else "makes" if gone & theirs and made & ours else "apart"
    return Meeting(name, node.op, how)


def _inside(term: Term, ours: set[Atom], theirs: set[Atom]) -> str:
    """Whether units of the two are in different segments of the term, or in different factors of one."""
    term = resolve(term)
    parts = term.segments if isinstance(term, Sum) else term.factors if isinstance(term, Product) else ()
    for part in parts:
        inside = set(leaves(part))
        if inside & ours and inside & theirs:
            return _inside(part, ours, theirs)
    return "beside" if isinstance(term, Sum) else "crossed"
