"""The plan: what was done, so that anyone can audit it or do it again on the same model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from onnxprune.budget import Candidate
from onnxprune.coupling import Analysis, notation
from onnxprune.errors import InputError
from onnxprune.graph import data_files_of

VERSION = 1

LARGEST_WRAP = 128
"""Of the blocks of matrices around a sparse weight."""


@dataclass(slots=True)
class Plan:
    """A decision and its effects, as written to plan.json.

    model: {"sha256", "name"} of the source; groups: one entry per narrowed group; initializers: name -> axis -> kept
    dense indices, in their order; orders: group -> its units that stay, in an order of their own; sparse: one entry for
    every weight that was made sparse; dense: one for every weight that wasn't, because no kernel makes it faster;
    blocks, repairs: other kinds of edits; decided: the names of the criterion, of how it put together what the members
    of a group say (empty: jointly), and of the budget; settings: what doing it again takes over where the user says
    nothing: repair, sparse_format, and the provider that residual sums are spelled for (plans of old have none);
    measured: what came of it, but no timings, so that the same run writes the same plan (what is predicted of layers
    was timed once, and is kept); stages: of a recipe, each with what it was asked for and what it did: then they are
    what is written
    """

    model: dict[str, Any]
    groups: list[dict[str, Any]]
    initializers: dict[str, dict[str, list[int]]]
    blocks: list[Any] = field(default_factory=list)
    sparse: list[Any] = field(default_factory=list)
    repairs: list[Any] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    orders: dict[str, list[int]] = field(default_factory=dict)
    dense: list[Any] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        if self.stages:
            told = {"version": VERSION, "model": self.model, "stages": self.stages, "measured": self.measured}
        else:
            told = {"version": VERSION, **self.body()}
        return json.dumps(told, indent=1) + "\n"

    def body(self) -> dict[str, Any]:
        """What was done to one model, as written to plan.json."""
        return {
            "model": self.model,
            "decided": self.decided,
            "settings": self.settings,
            "groups": self.groups,
            "orders": self.orders,
            "initializers": self.initializers,
            "blocks": self.blocks,
            "sparse": self.sparse,
            "dense": self.dense,
            "repairs": self.repairs,
            "measured": self.measured,
        }

    def then(self, other: Plan) -> Plan:
        """A plan that takes what this one takes, and of what is left what the other one takes."""
        tensors = dict(self.initializers)
        for name, axes in other.initializers.items():
            known = tensors.get(name, {})
            tensors[name] = known | {a: _of(known[a], kept) if a in known else kept for a, kept in axes.items()}
        groups, between = {entry["id"]: entry for entry in self.groups}, self._places()
        for entry in other.groups:
            name = entry["id"]
            kept = sorted(_of(between[name], entry["kept"])) if name in between else entry["kept"]
            groups[name] = {**groups.get(name, entry), "kept": kept}
        measured = {**other.measured, "before": self.measured.get("before")}
        found = replace(other, model=self.model, groups=list(groups.values()), initializers=tensors, measured=measured)
        found.orders = self._orders_then(other)
        return found

    def _orders_then(self, other: Plan) -> dict[str, list[int]]:
        """Orders of both, in units of the dense model."""
        first, then, found = self._places(), other._places(), {}
        for name in [*self.orders, *other.orders]:
            both = name in first and name in then
            found[name] = _of(first[name], then[name]) if both else (first | then)[name]
        return found

    def _places(self) -> dict[str, list[int]]:
        """Group id -> its units that stay, as they lie in the result."""
        return {entry["id"]: entry["kept"] for entry in self.groups} | self.orders

    def chosen(self, analysis: Analysis) -> dict[str, np.ndarray]:
        """What stays by group id, as `Keep` takes it: masks, or units in an order of their own.

        Raises InputError where the plan doesn't fit the analysed model.
        """
        masks, sizes = self.masks(analysis), {g.id: g.size for g in analysis.groups}
        for name, order in self.orders.items():
            stays = np.flatnonzero(masks[name]) if name in masks else np.arange(sizes.get(name, 0))
            if sorted(order) != stays.tolist():
                raise InputError(f"the plan's order of group '{name}' is none of the units that stay")
            masks[name] = np.array(order, np.int64)
        return masks

    def masks(self, analysis: Analysis) -> dict[str, np.ndarray]:
        """Keep-masks by group id. Raises InputError where the plan doesn't fit the analysed model."""
        groups = {g.id: g for g in analysis.groups}
        masks: dict[str, np.ndarray] = {}
        for entry in self.groups:
            group = groups.get(entry["id"])
            if group is None or group.size != entry["size"]:
                raise InputError(f"the plan's group '{entry['id']}' of {entry['size']} units is not in this model")
            mask = np.zeros(group.size, bool)
            mask[entry["kept"]] = True
            masks[group.id] = mask
        return masks


def _of(first: list[int], then: list[int]) -> list[int]:
    return [first[index] for index in then]


def sha256(path: Path) -> str:
    """Hash of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def digests(model: Path) -> list[str]:
    """Hashes of a model file and of the data files beside it."""
    return [sha256(model), *(sha256(file) for file in sorted(data_files_of(model)))]


def describe(
    analysis: Analysis,
    chosen: Sequence[tuple[Candidate, np.ndarray]],
    changed: Mapping[str, Mapping[int, np.ndarray]],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, list[int]]]]:
    """The plan's entries for narrowed groups and for what is left of every changed tensor."""
    groups = [_entry(analysis, candidate, mask) for candidate, mask in chosen]
    tensors = {
        name: {str(axis): kept.tolist() for axis, kept in sorted(axes.items())} for name, axes in changed.items()
    }
    return groups, tensors


def _entry(analysis: Analysis, candidate: Candidate, mask: np.ndarray) -> dict[str, Any]:
    group = candidate.group
    return {
        "id": group.id,
        "kind": candidate.kind,
        "size": group.size,
        "kept": np.flatnonzero(mask).tolist(),
        "score": [round(float(s), 6) for s in candidate.scores],
        "exact": not group.inexact,
        "members": [
            {"initializer": s.tensor.name, "axis": s.axis, "term": notation(analysis, s.term)} for s in group.members
        ],
    }


def read(path: Path) -> Plan:
    """A plan from its file. Raises InputError for anything else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    except ValueError:
        raise InputError(f"{path}: not a plan (no JSON)") from None
    if isinstance(body, dict) and "stages" in body:
        raise InputError(f"{path}: is the plan of a recipe with stages; to do that again, run the recipe")
    fits = isinstance(body, dict) and body.get("version") == VERSION and isinstance(body.get("groups"), list)
    if not fits or not isinstance(body.get("model", {}), dict):
        raise InputError(f"{path}: not a plan of version {VERSION}")
    _check_groups(path, body["groups"])
    repairs = body.get("repairs", [])
    if not isinstance(repairs, list) or not all(
        isinstance(r, dict) and isinstance(r.get("name"), str) for r in repairs
    ):
        raise InputError(f"{path}: a repair of the plan has no name")
    _check_sparse(path, body.get("sparse", []))
    tensors, measured, decided = (body.get(key, {}) for key in ("initializers", "measured", "decided"))
    found = Plan(body.get("model", {}), body["groups"], tensors, repairs=repairs, measured=measured, decided=decided)
    found.sparse, found.orders = body.get("sparse", []), body.get("orders", {})
    found.settings = body.get("settings", {})
    if not isinstance(found.settings, dict) or not all(isinstance(one, str) for one in found.settings.values()):
        raise InputError(f"{path}: settings of the plan should be names with words")
    if not isinstance(found.orders, dict) or not all(_is_order(order) for order in found.orders.values()):
        raise InputError(f"{path}: the orders of the plan are no lists of units")
    return found


_SPARSE: dict[str, type | tuple[type, ...]] = {
    "initializer": str,
    "pattern": str,
    "sparsity": (int, float),
    "method": str,
    "settled": bool,
}


def _check_sparse(path: Path, entries: Any) -> None:
    """Raise InputError where what a plan says of sparse weights can't be done again."""
    for entry in entries if isinstance(entries, list) else [entries]:
        fits = isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in _SPARSE.items())
        if not fits or not 0 <= entry["sparsity"] <= 1:
            raise InputError(f"{path}: a sparse weight of the plan lacks its pattern or method: {str(entry)[:80]}")
        wrap = entry.get("wrap", {"size": 0})
        if not isinstance(wrap, dict) or not isinstance(wrap.get("size"), int) or not 0 <= wrap["size"] <= LARGEST_WRAP:
            raise InputError(f"{path}: the blocks around a sparse weight of the plan have no size: {str(wrap)[:80]}")


def _is_order(order: Any) -> bool:
    return isinstance(order, list) and all(isinstance(unit, int) for unit in order)


def _is_scores(scores: Any, size: Any) -> bool:
    """Whether these are one number per unit; a plan written by hand may have none."""
    if scores is None:
        return True
    return isinstance(scores, list) and len(scores) == size and all(isinstance(s, int | float) for s in scores)


def _check_groups(path: Path, groups: list[Any]) -> None:
    for entry in groups:
        kept, size = (entry.get(k) for k in ("kept", "size")) if isinstance(entry, dict) else (None, None)
        fits = (
            isinstance(kept, list) and isinstance(size, int) and all(isinstance(i, int) and 0 <= i < size for i in kept)
        )
        if not fits or not kept or not isinstance(entry.get("id"), str) or not _is_scores(entry.get("score"), size):
            raise InputError(f"{path}: a group of the plan has no usable id, size and kept units: {str(entry)[:80]}")
