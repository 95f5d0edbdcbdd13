"""What a user calls an axis: the sites that a name on the command line stands for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis, Site
from onnxprune.coupling.terms import Term, concat, segments
from onnxprune.errors import InputError

_RANGE = re.compile(r"(?P<axis>.*\[\d+\])\[(?P<first>\d+)(?::(?P<end>\d+))?\]")


@dataclass(frozen=True, slots=True)
class Run(Site):
    """Some units of an axis, from `first` up to and without `end`; its term is of those segments that they are in.

    origin: the term of the whole axis, from which paths start
    """

    first: int = 0
    end: int = 0
    origin: Term | None = None

    def __str__(self) -> str:
        return f"{self.tensor.name}[{self.axis}][{self.first}:{self.end}]"


def locate(analysis: Analysis, text: str, copies: Mapping[str, str] | None = None) -> list[Site]:
    """The sites that a name stands for, in graph order.

    text:   a tensor, `TENSOR[AXIS]`, `TENSOR[AXIS][FIRST:END]`, `TENSOR[AXIS][UNIT]`, a group's id, or a node's name,
            which stands for the stored tensors that the node reads, or else for its first output
    copies: name of a copy -> name in the file, as in `onnxprune.graph.Model`

    Raises InputError naming what is close where there is no such thing.
    """
    found = _named(analysis, text, copies or {})
    ranged = None if found else _RANGE.fullmatch(text)
    if ranged:
        first = int(ranged["first"])
        end = first + 1 if ranged["end"] is None else int(ranged["end"])
        found = [_run(site, first, end) for site in _named(analysis, ranged["axis"], copies or {})]
    if not found:
        raise InputError(f"no tensor, axis, node or group '{text}'{_close(analysis, text)}")
    return found


def _named(analysis: Analysis, text: str, copies: Mapping[str, str]) -> list[Site]:
    """The first reading of the name that fits; stored tensors come before computed ones, tensors before nodes."""
    stored = analysis.sites
    return (
        [s for s in stored if str(s) == text]
        or [s for s in stored if text in (s.tensor.name, copies.get(s.tensor.name, ""))]
        or [s for s in stored if f"{copies.get(s.tensor.name, '')}[{s.axis}]" == text]
        or next((list(g.members) for g in analysis.groups if g.id == text), [])
        or [s for s in _computed(analysis) if text in (s.tensor.name, str(s))]
        or _of_node(analysis, text)
    )


def _computed(analysis: Analysis) -> list[Site]:
    tensors = [(t, axes) for t, axes in analysis.tensors if not isinstance(t, gs.Constant)]
    return [Site(tensor, axis, term) for tensor, axes in tensors for axis, term in enumerate(axes)]


def _of_node(analysis: Analysis, name: str) -> list[Site]:
    for binding in analysis.bindings:
        node = binding.node
        if node.name == name:
            weights = {id(t) for t in node.inputs if isinstance(t, gs.Constant)}
            stored = [site for site in analysis.sites if id(site.tensor) in weights]
            return stored or [site for site in _computed(analysis) if site.tensor is node.outputs[0]]
    return []


def _run(site: Site, first: int, end: int) -> Run:
    size = site.term.size
    if size is None or not first < end <= size:
        units = "an open number of" if size is None else str(size)
        raise InputError(f"{site}[{first}:{end}]: there is no such run, the axis has {units} units")
    return Run(site.tensor, site.axis, _overlapping(site.term, first, end), first, end, site.term)


def _overlapping(term: Term, first: int, end: int) -> Term:
    """The segments of a term that some index from `first` up to `end` is in."""
    parts, start = [], 0
    for part in segments(term):
        size = part.size or 0
        if start < end and first < start + size:
            parts.append(part)
        start += size
    return concat(*parts)


def _close(analysis: Analysis, text: str) -> str:
    """A few names like this one: spelled alike, or else holding it."""
    names = dict.fromkeys(name for s in analysis.sites for name in (s.tensor.name, str(s)))
    names |= dict.fromkeys(b.node.name for b in analysis.bindings if b.node.name)
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    close = close or [name for name in names if text.lower() in name.lower()][:3]
    return f"; did you mean {' or '.join(close)}?" if close else "; 'onnxprune analyze' lists the groups"
