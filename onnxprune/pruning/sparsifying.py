"""Which layers get zeros, what of: by passes that the user named, or by a plan that is done again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from onnxprune.calibration import layers
from onnxprune.coupling import Analysis
from onnxprune.errors import InputError
from onnxprune.graph import Model, load, save, stored
from onnxprune.lift import needed
from onnxprune.pruning.options import Options
from onnxprune.pruning.passes import LayerPass, parse
from onnxprune.pruning.plan import Plan, read
from onnxprune.pruning.selection import Scope
from onnxprune.pruning.slopes import BY_GRADIENTS
from onnxprune.rewrite import Wrapped
from onnxprune.sparse import Pattern, Speed, Wanted, Worth, check_values, emit
from onnxprune.sparse import get as method_of


@dataclass(frozen=True, slots=True)
class Left:
    """A layer that stays dense. want: what it would have become; rows: vectors that it reads in a call"""

    reason: str
    want: Wanted
    rows: int


@dataclass(slots=True)
class Sparse:
    """By the names of layers. wanted: what becomes of them; weights: their stored tensors; spread: those that share out
    zeros by the errors that they make; ordered: those whose outputs may change places; worth: those that become sparse
    only where that is faster; speeds: what zeros do to their time; left: those that stay dense for it; free: those
    whose sparsity a target in time or a limit of loss may say"""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)
    ordered: set[str] = field(default_factory=set)
    worth: dict[str, Worth] = field(default_factory=dict)
    speeds: dict[str, Speed] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)

    def leave(self, name: str, left: Left) -> None:
        """Let a layer stay dense."""
        self.left[name] = left
        del self.wanted[name]
        self.spread.discard(name)
        self.ordered.discard(name)

    def settle(self, sparsity: float) -> None:
        """Say how many zeros there are to be where passes leave that open, and patterns don't say it.

        Raises InputError where that is nowhere.
        """
        open_ = [name for name in self.free if self.wanted[name].pattern.sparsity is None]
        if not open_:
            raise InputError("--max-loss: other passes take all layers before those that leave the sparsity open")
        for name in open_:
            self.wanted[name] = replace(self.wanted[name], sparsity=sparsity)

    def __bool__(self) -> bool:
        return bool(self.wanted)

    @property
    def gradients(self) -> bool:
        """Whether a method looks at gradients."""
        return any(method_of(want.method).gradients for want in self.wanted.values())

    @property
    def wraps(self) -> bool:
        """Whether some are to be put between block-diagonal matrices."""
        return any(want.wrap for want in self.wanted.values())

    @property
    def looks(self) -> bool:
        """Whether what layers read has to be known."""
        return bool(self.spread) or any(method_of(want.method).looks for want in self.wanted.values())


def layer_passes(options: Options) -> list[LayerPass]:
    """The passes over layers that the user named."""
    return [one for one in (parse(text) for text in options.passes) if isinstance(one, LayerPass)]


def check_forms(options: Options) -> None:
    """Raise InputError where what passes or a plan want can't be written in the form that the user named, or a method
    takes what isn't installed."""
    for one in layer_passes(options):
        one.fits(options.sparse_format)
        if method_of(one.wanted(True).method).gradients:
            needed(BY_GRADIENTS)
    for entry in read(options.plan).sparse if options.plan is not None else ():
        if method_of(entry["method"]).gradients:
            needed(BY_GRADIENTS)
        check_values(_values_of(entry), Pattern.parse(entry["pattern"]), options.sparse_format)


def wraps(options: Options) -> bool:
    """Whether passes or a plan put layers between block-diagonal matrices."""
    planned = read(options.plan).sparse if options.plan is not None else ()
    return any(one.wanted(True).wrap for one in layer_passes(options)) or any(map(_blocks_of, planned))


def _values_of(entry: Mapping[str, Any]) -> str:
    """What a plan's sparse weight is stored in; plans of old don't say."""
    return str(entry.get("values", "float32"))


def _blocks_of(entry: Mapping[str, Any]) -> int:
    """The size of the blocks around a plan's sparse weight."""
    return int(entry.get("wrap", {}).get("size", 0))


def resolved(options: Options) -> Options:
    """With a way to write sparse weights: a plan's, else as zeros, but packed where a target in time has to be met with
    the CPU provider, which takes as long for zeros as for other numbers."""
    if options.sparse_format:
        return options
    if options.plan is not None:
        return replace(options, sparse_format=read(options.plan).settings.get("sparse_format", "zeros"))
    timed = options.target is not None and options.target.timed
    packed = timed and options.provider == "cpu" and bool(layer_passes(options))
    return replace(options, sparse_format="op" if packed else "zeros")


def named(analysis: Analysis, options: Options) -> Sparse:
    """What passes would make sparse within what the user protects; the first pass to take a layer has it.

    Raises InputError where passes were named and take nothing.
    """
    found, scope, passes = Sparse(), Scope(options.protect, options.only), layer_passes(options)
    given, bound = options.calibration is not None, options.sparse_format == "op" or options.provider == "sparse"
    for one in passes:
        want, worth = one.wanted(given), one.worth(bound)
        for layer in one.select(analysis):
            if layer.name not in found.wanted and scope.allows_layer(layer):
                found.wanted[layer.name], found.weights[layer.name] = want, layer.stored.name
                found.spread |= {layer.name} if given and one.spread() else set()
                found.ordered |= {layer.name} if one.reorders() else set()
                found.free |= {layer.name} if one.free() else set()
                found.worth |= {layer.name: worth} if worth is not None else {}
    if passes and not found:
        names = ", ".join(one.name for one in passes)
        raise InputError(f"{names}: the model has no weight of its own that is large enough and may be touched")
    return found


def planned(analysis: Analysis, plan: Plan) -> Sparse:
    """What a plan made sparse, on the same model. Raises InputError where that isn't there."""
    found, there = Sparse(), {layer.stored.name: layer for layer in layers(analysis) if not layer.shares}
    for entry in plan.sparse:
        layer = there.get(entry["initializer"])
        if layer is None:
            raise InputError(f"the plan's sparse weight '{entry['initializer']}' is not in this model")
        want = Wanted(
            Pattern.parse(entry["pattern"]),
            entry["sparsity"],
            entry["method"],
            entry["settled"],
            values=_values_of(entry),
            wrap=_blocks_of(entry),
        )
        method_of(want.method)
        found.wanted[layer.name], found.weights[layer.name] = want, layer.stored.name
    return found


def told(model: Model, sparse: Sparse, wrapped: Mapping[str, Wrapped]) -> list[dict[str, Any]]:
    """What the plan says of the sparse weights of a pruned model: digest: SHA-256 of where they aren't zero; wrapped:
    what is around them, by their names."""
    there = {tensor.name: np.asarray(tensor.values) for tensor in stored(model)}
    found = [(layer, name) for layer, name in sparse.weights.items() if layer in sparse.wanted and name in there]
    entries = [_entry(there[name], name, sparse.wanted[layer], sparse.speeds.get(layer)) for layer, name in found]
    for entry, (layer, name) in zip(entries, found, strict=True):
        if size := sparse.wanted[layer].wrap:
            around = wrapped.get(name)
            entry["wrap"] = {"size": size, **({} if around is None else asdict(around))}
    return entries


def _around(plan: Plan) -> list[str]:
    """The stored tensors with the blocks around a plan's sparse weights."""
    sides = [entry.get("wrap", {}).get(side) for entry in plan.sparse for side in ("outer", "inner")]
    return [name for name in sides if name]


def told_dense(model: Model, sparse: Sparse) -> list[dict[str, Any]]:
    """What the plan says of weights that could be sparse and stay dense."""
    sizes = {tensor.name: int(np.prod(tensor.shape)) for tensor in stored(model)}
    return [
        {
            "initializer": sparse.weights[name],
            "pattern": str(left.want.pattern),
            "sparsity": round(left.want.sparsity, 6),
            "reason": left.reason,
            "size": sizes.get(sparse.weights[name], 0),
            "predicted": _predicted(left.want, sparse.speeds.get(name)) or {"rows": left.rows},
        }
        for name, left in sparse.left.items()
    ]


def _entry(values: np.ndarray, name: str, want: Wanted, speed: Speed | None) -> dict[str, Any]:
    return {
        "initializer": name,
        "pattern": str(want.pattern),
        "sparsity": round(want.sparsity, 6),
        "method": want.method,
        "settled": want.settled,
        "values": want.values,
        "size": int(values.size),
        "zeros": int(values.size - np.count_nonzero(values)),
        "digest": hashlib.sha256(np.packbits(values != 0).tobytes()).hexdigest(),
        **({"predicted": _predicted(want, speed)} if speed is not None else {}),
    }


def _predicted(want: Wanted, speed: Speed | None) -> dict[str, Any]:
    """Rows in a call, how many times as fast, and microseconds, 0 where they are guessed."""
    if speed is None:
        return {}
    return {
        "rows": speed.rows,
        "gain": round(speed.gain(want.pattern, want.sparsity), 3),
        "dense_us": round(speed.dense * 1e6, 3),
        "sparse_us": round(speed.sparse(want.pattern, want.sparsity) * 1e6, 3),
    }


def changed(entries: list[dict[str, Any]], plan: Plan) -> list[str]:
    """Sparse weights whose zeros are not where a plan had them."""
    before: Mapping[str, Any] = {entry["initializer"]: entry.get("digest") for entry in plan.sparse}
    return [e["initializer"] for e in entries if before.get(e["initializer"]) not in (None, e["digest"])]


def write_sparse(file: Path, plan: Plan, form: str) -> list[str]:
    """Write the sparse weights of a model file in another form; returns sentences on what could not be.

    What is packed is unpacked again, and must be the weight bit by bit, or within half a step of int8. Raises
    InputError where nothing is sparse.
    """
    if form == "zeros":
        return []
    if not plan.sparse and plan.dense:
        return []
    if not plan.sparse:
        raise InputError(f"--sparse-format {form}: no weight is made sparse (--pass sparsify)")
    model = load(file)
    patterns = {entry["initializer"]: Pattern.parse(entry["pattern"]) for entry in plan.sparse}
    left = emit(
        model, patterns, form, {e["initializer"] for e in plan.sparse if _values_of(e) == "int8"}, _around(plan)
    )
    save(model, file)
    more = " ..." if len(left) > 3 else ""
    return [f"written as zeros, for the form '{form}' doesn't suit them: {', '.join(left[:3])}{more}"] if left else []
