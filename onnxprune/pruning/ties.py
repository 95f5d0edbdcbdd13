"""Groups of several models that hold the same trained weights: their units go together, or not at all.

A decoder for the first token and one for all others, as exporters write them, are two graphs over one set of weights.
What tells that is the weights themselves, matrix by matrix, for names differ from export to export.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.analysis import Site
from onnxprune.coupling.terms import Atom, Product, Term, factors, leaves, resolve, segments
from onnxprune.pruning.passes import is_matrix

Key = tuple[str, str]
"""The name of a model and the id of one of its groups."""


@dataclass(frozen=True, slots=True)
class Ties:
    """same: the keys of groups that are one, the first model's first; torn: keys of groups that share weights but don't
    fit each other unit by unit, so that all of them had better stay whole."""

    same: list[tuple[Key, ...]] = field(default_factory=list)
    torn: set[Key] = field(default_factory=set)


def ties(analyses: Mapping[str, Analysis]) -> Ties:
    """The groups that several analysed models have in common, by matrices that are equal to the last bit.

    A matrix that a model stores several times tells nothing: nobody knows which is which.
    """
    graph: nx.Graph = nx.Graph()
    torn: set[Key] = set()
    for places in _shared(analyses):
        for axis in range(min(len(axes) for axes in places.values())):
            _tie(graph, torn, {name: (analyses[name], axes[axis].term) for name, axes in places.items()})
    found = Ties(torn=torn)
    order = {(name, group.id): number for name, one in analyses.items() for number, group in enumerate(one.groups)}
    ranks = {name: number for number, name in enumerate(analyses)}
    groups = {(name, group.id): group for name, one in analyses.items() for group in one.groups}
    for component in nx.connected_components(graph):
        keys = tuple(sorted(component, key=lambda key: (ranks[key[0]], order[key])))
        if _is_one(keys, groups) and not torn & set(keys):
            found.same.append(keys)
        elif any(groups[key].prunable for key in keys):
            found.torn.update(keys)
    return found


def _is_one(keys: tuple[Key, ...], groups: Mapping[Key, Group]) -> bool:
    """Whether every model has one of the groups, of one size, and all of them may lose units."""
    sizes = {groups[key].size for key in keys}
    return len({name for name, _ in keys}) == len(keys) and len(sizes) == 1 and all(groups[k].prunable for k in keys)


def _tie(graph: nx.Graph, torn: set[Key], axes: Mapping[str, tuple[Analysis, Term]]) -> None:
    """Connect the groups on an axis of a shared matrix; where models cut it differently, they are torn."""
    keys = {name: list(_keys(name, analysis, term)) for name, (analysis, term) in axes.items()}
    if len({_shape(term) for _, term in axes.values()}) > 1:
        torn.update(key for found in keys.values() for key in found)
        return
    for same in zip(*keys.values(), strict=True):
        nx.add_path(graph, same)


def _keys(name: str, analysis: Analysis, term: Term) -> Iterator[Key]:
    for leaf in leaves(term):
        group = analysis.group_of(leaf)
        assert group is not None, "an atom of a stored tensor has a group"
        yield name, group.id


def _shape(term: Term) -> Any:
    """What a term is made of, in lengths: two of one shape have atoms that correspond, from left to right."""
    term = resolve(term)
    if isinstance(term, Atom):
        return term.size
    parts = factors(term) if isinstance(term, Product) else segments(term)
    return type(term).__name__, tuple(_shape(part) for part in parts)


def _shared(analyses: Mapping[str, Analysis]) -> Iterator[dict[str, list[Site]]]:
    """For every matrix that several models hold, once each: model -> the sites of its axes."""
    holders: dict[str, dict[str, list[Site]]] = defaultdict(dict)
    several: set[str] = set()
    for name, analysis in analyses.items():
        for tensor, sites in _matrices(analysis):
            digest = _digest(tensor)
            if name in holders[digest]:
                several.add(digest)
            holders[digest][name] = sites
    yield from (found for digest, found in holders.items() if len(found) > 1 and digest not in several)


def _matrices(analysis: Analysis) -> Iterator[tuple[gs.Constant, list[Site]]]:
    found: dict[int, list[Site]] = defaultdict(list)
    for site in analysis.sites:
        found[id(site.tensor)].append(site)
    yield from ((sites[0].tensor, sites) for sites in found.values() if _tells(sites[0].tensor))


def matrix_digests(tensors: Iterable[gs.Constant]) -> set[str]:
    """What matrices among stored tensors are told apart by, whatever they are called."""
    return {_digest(tensor) for tensor in tensors if _tells(tensor)}


def _tells(tensor: gs.Constant) -> bool:
    """Whether it is a matrix, and not of a single value: such ones are alike in all models."""
    if not is_matrix(tensor):
        return False
    values = tensor.values
    return bool(values.size and (values != values.flat[0]).any())


def _digest(tensor: gs.Constant) -> str:
    values = np.ascontiguousarray(tensor.values)
    made = hashlib.sha256(f"{values.dtype} {values.shape}".encode())
    made.update(values.reshape(-1).view(np.uint8).data)
    return made.hexdigest()
