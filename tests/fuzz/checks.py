"""What must hold for every graph: the oracle, and what the product's own decisions make of it."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from onnxprune import budget, criteria
from onnxprune.coupling import Analysis, Group, Site
from onnxprune.errors import InputError, VerificationError
from onnxprune.graph import finish, from_proto, index_bounds, normalize, save
from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.rewrite import Masks, keep_of, kept_sizes, prove
from onnxprune.runtime import run, runnable_inputs, session
from onnxprune.runtime.run import Array
from tests.oracle import Refuted, analysed, build, exact, initializers, pruned_bytes, well_formed

SAVED_TOLERANCE, HALF_TOLERANCE = 1e-6, 2e-3
"""Where nothing was pruned; in half precision ONNX Runtime places casts by all nodes, dead ones too."""
COPY = re.compile(r"(/use(\.\d+)?)+")

PASSES = ("channels", "heads", "head_dim", "hidden")


@dataclass(slots=True)
class Seen:
    """What the checks had to work with. proofs: status -> how often; free: exact groups; refused: why nothing was
    pruned at all"""

    proofs: Counter[str] = field(default_factory=Counter)
    free: int = 0
    refused: str = ""


def check(proto: onnx.ModelProto, seed: int) -> Seen:
    """Every check on one model. Raises Refuted where one fails; what else it raises is a defect too."""
    seen = Seen()
    _valid(proto)
    unpruned(proto, seed)
    by_masks(proto, seed, seen)
    by_decision(proto, seed, seen)
    return seen


def _valid(proto: onnx.ModelProto) -> None:
    """The generator itself must make no nonsense."""
    try:
        well_formed(proto.SerializeToString())
    except Refuted as error:
        raise Refuted("generator", str(error)) from error


# ------------------------------------------------------------------------------------------------- nothing goes


def unpruned(proto: onnx.ModelProto, seed: int) -> None:
    """What is only loaded, normalised and saved runs the same."""
    dense = proto.SerializeToString()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "saved.onnx"
        save(finish(normalize(from_proto(build(proto)))), path)
        saved = path.read_bytes()
    well_formed(saved)
    _same_outputs(dense, saved, index_bounds(from_proto(build(proto)).graph), seed)


def _same_outputs(dense: bytes, saved: bytes, bounds: dict[str, int], seed: int) -> None:
    source = session(dense, optimize=False)
    feeds = runnable_inputs(source, seed=seed, bounds=bounds)
    expected, got = run(source, feeds), run(session(saved, optimize=False), feeds)
    if list(expected) != list(got):
        raise Refuted("saved", f"outputs {list(got)} where there were {list(expected)}")
    for name, values in expected.items():
        _close(name, values, got[name])


def _close(name: str, expected: Array, got: Array) -> None:
    if expected.shape != got.shape or expected.dtype != got.dtype:
        raise Refuted("saved", f"'{name}' is {got.dtype}{got.shape} where it was {expected.dtype}{expected.shape}")
    a, b = expected.astype(float), got.astype(float)
    differ = (a != b) & ~(np.isnan(a) & np.isnan(b))  # where a network has no number to give, both have none
    scale = float(np.abs(a[~np.isnan(a)]).max(initial=1e-6))
    error = float(np.abs(a[differ] - b[differ]).max(initial=0.0)) / scale
    if not error <= (HALF_TOLERANCE if expected.dtype == np.float16 else SAVED_TOLERANCE):
        raise Refuted("saved", f"'{name}' differs by {error:.0e} although nothing was pruned")


# ------------------------------------------------------------------------------------------------- any masks


def random_masks(groups: list[Group], seed: int) -> dict[str, np.ndarray]:
    """Random masks that leave two units at least, so that no axis vanishes from the analysis."""
    rng = np.random.default_rng(seed)
    masks = {}
    for group in groups:
        if group.size > 2 and rng.random() < 0.8:
            kept = rng.permutation(group.size)[: rng.integers(2, group.size)]
            masks[group.id] = np.isin(np.arange(group.size), kept)
    return masks


def by_masks(proto: onnx.ModelProto, seed: int, seen: Seen) -> None:
    """Random masks of all exact groups: proved, well formed, and analysed alike."""
    model, analysis = analysed(proto)
    groups = exact(analysis)
    seen.free = len(groups)
    masks = random_masks(groups, seed)
    if not masks:
        return
    expected = members(analysis, masks)
    indices = {s.tensor.name for s in analysis.sites if _is_index(s)}
    lengths = {k: v for k, v in kept_sizes(analysis, keep_of(analysis, masks)).items() if k not in indices}
    pruned = pruned_bytes(model, analysis, masks)
    well_formed(pruned)
    again = onnx.load_from_string(pruned)
    _lengths_are(again, lengths)
    _interface_is_kept(proto, again)
    proof = prove(lambda: from_proto(build(proto)), masks, pruned, seed=seed)
    seen.proofs[proof.status] += 1
    if proof.status == "failed":
        raise Refuted("proof", f"{proof.status}: {proof.reason}")
    if not _indices(analysis, masks):
        _alike(expected, members(analysed(again)[1], {}))


def _indices(analysis: Analysis, masks: Masks) -> bool:
    """Whether stored indices go: those that stay may be in order, which says more about what they pick."""
    return any(_is_index(site) for group in analysis.groups if group.id in masks for site in group.members)


def _is_index(site: Site) -> bool:
    return bool(site.tensor.dtype == np.int64)


def members(analysis: Analysis, masks: Masks) -> dict[str, tuple[int, frozenset[str]]]:
    """Exact groups by id: how many units stay, and the sites that they are in.

    Copies of a shared constant are numbered in the order that they are met in, which says nothing.
    """
    found = {}
    for group in exact(analysis):
        size = int(masks[group.id].sum()) if group.id in masks else group.size
        found[group.id] = size, frozenset(COPY.sub("/use", str(site)) for site in group.members)
    return found


def _alike(expected: dict[str, tuple[int, frozenset[str]]], got: dict[str, tuple[int, frozenset[str]]]) -> None:
    """The result has the same groups, smaller."""
    if expected == got:
        return
    for name in sorted(expected.keys() | got.keys()):
        before, after = expected.get(name), got.get(name)
        if before != after:
            raise Refuted("again", f"group {name} should be {_shown(before)} in the result and is {_shown(after)}")


def _shown(group: tuple[int, frozenset[str]] | None) -> str:
    return "none" if group is None else f"{group[0]} units at {', '.join(sorted(group[1]))}"


def _lengths_are(pruned: onnx.ModelProto, lengths: dict[str, tuple[int, ...]]) -> None:
    """Stored weights have the lengths that their terms say; locked axes those that they had."""
    for name, shape in initializers(pruned):
        if name in lengths and lengths[name] != shape:
            raise Refuted("lengths", f"'{name}' is {shape} where its terms say {lengths[name]}")


def _interface_is_kept(dense: onnx.ModelProto, pruned: onnx.ModelProto) -> None:
    """Inputs and outputs are declared as they were."""
    for kind in ("input", "output"):
        was, made = ({v.name: _declared(v) for v in getattr(m.graph, kind)} for m in (dense, pruned))
        if was != made:
            raise Refuted("interface", f"the {kind}s are {made} where they were {was}")


def _declared(value: onnx.ValueInfoProto) -> list[str]:
    kind = value.type.tensor_type
    return [str(kind.elem_type), *(d.dim_param or str(d.dim_value) for d in kind.shape.dim)]


# ------------------------------------------------------------------------------------------------- own decisions


def drawn_options(seed: int) -> Options:
    """Passes, target, budget, criterion and alignment at random."""
    rng = random.Random(seed)
    names = rng.sample(PASSES, rng.randint(1, len(PASSES))) if rng.random() < 0.7 else []
    if rng.random() < 0.3:
        names = [f"{name}{{ratio={rng.choice((0.25, 0.5, 0.75))}}}" for name in names]
    target = Target(rng.choice(("macs", "params", "size")), rng.choice((0.3, 0.5, 0.7, 0.9)))
    return Options(
        target if not names or "{" not in names[0] else None,
        names,
        rng.choice([c.name for c in criteria.criteria()]),
        rng.choice([b.name for b in budget.budgets()]),
        rng.choice((0, 1, 1, 1, 2, 4)),
        seed=seed,
        verify=True,
        bench=False,
    )


def by_decision(proto: onnx.ModelProto, seed: int, seen: Seen) -> None:
    """The product prunes a file by its own choice; the plan does it again, byte for byte."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, first, second = (folder / f"{stem}.onnx" for stem in ("source", "first", "second"))
        source.write_bytes(proto.SerializeToString())
        options = drawn_options(seed)
        try:
            result = optimize(source, first, options)
        except InputError as reason:
            if "nothing to prune" not in str(reason):
                raise Refuted("decision", str(reason)) from reason
            seen.refused = str(reason)
            return
        except VerificationError as reason:
            raise Refuted("decision", str(reason).replace(name, "")) from reason
        seen.proofs[result.proof.status] += 1
        _counts_hold(result)
        pruned = first.read_bytes()
        well_formed(pruned)
        _interface_is_kept(proto, onnx.load_from_string(pruned))
        plan = folder / "plan.json"
        plan.write_text(result.plan.to_json(), encoding="utf-8")
        optimize(source, second, Options(plan=plan, target=options.target, seed=seed, verify=False, bench=False))
        if second.read_bytes() != pruned:
            raise Refuted("replay", "the plan, carried out again, makes another file")


def _counts_hold(result: Result) -> None:
    """The result costs no more, what it claims to have met it has met, and every group keeps a unit."""
    grown = [k for k, v in result.after.items() if v > result.before[k]]
    if grown:
        raise Refuted("decision", f"{', '.join(grown)} grew")
    if result.met and result.target is not None and result.fraction > result.target.fraction * (1 + 1e-6):
        raise Refuted("decision", f"the target {result.target} counts as met at {result.fraction}")
    if any(not entry["kept"] for entry in result.plan.groups):
        raise Refuted("decision", "a group keeps no unit")
