"""Shrinking: compress stored tensors by the keep-masks of their axes and refill every length that a node stores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import ALL, Keep
from onnxprune.coupling.notation import Axis, Factors, Letter, Number, parse_axis
from onnxprune.coupling.ops.tap import DOMAIN as TAP_DOMAIN
from onnxprune.coupling.spec import Length
from onnxprune.coupling.terms import Term, atom, concat, product
from onnxprune.graph import Model


def shrink(model: Model, analysis: Analysis, keep: Keep) -> dict[str, dict[int, np.ndarray]]:
    """Apply keep-masks to the model, in place.

    Returns what is left of every changed tensor: name -> axis -> kept indices of the dense tensor.
    """
    changed = _compress(analysis, keep)
    for binding in analysis.bindings:
        if binding.node.domain == TAP_DOMAIN:
            _cut_tap(binding, keep)
        else:
            _refill(binding, keep)
    _update_shapes(analysis, keep)
    return changed


def _compress(analysis: Analysis, keep: Keep) -> dict[str, dict[int, np.ndarray]]:
    changed: dict[str, dict[int, np.ndarray]] = {}
    tensors: dict[str, gs.Constant] = {}
    for site in analysis.sites:
        if keep.touches(site.term):
            changed.setdefault(site.tensor.name, {})[site.axis] = np.flatnonzero(keep.mask(site.term))
            tensors[site.tensor.name] = site.tensor
    for name, axes in changed.items():
        tensors[name].values = compress(tensors[name].values, axes)
    return changed


def compress(values: np.ndarray, axes: Mapping[int, np.ndarray]) -> np.ndarray:
    """The sub-array of `values` with the given indices along each axis; the largest cut is made first."""
    for axis in sorted(axes, key=lambda a: len(axes[a]) / values.shape[a]):
        values = np.take(values, axes[axis], axis)
    return np.ascontiguousarray(values)


# ------------------------------------------------------------------------------------------------- lengths


def _refill(binding: Binding, keep: Keep) -> None:
    """Write new lengths where any of the node's stored ones changed; all of a node's places together."""
    terms = [[None if a is None else letter_term(binding, a) for a in n.axes] for n in binding.spec.lengths]
    if not any(t is not None and keep.touches(t) for row in terms for t in row):
        if not _shrinks(binding, keep):
            return
    binding.node.attrs.update({k: v for k, v in binding.spec.pin.items() if k not in binding.node.attrs})
    for place, row in zip(binding.spec.lengths, terms, strict=True):
        _write(binding.node, place, row, keep)


def _shrinks(binding: Binding, keep: Keep) -> bool:
    return bool(binding.spec.pin or binding.spec.lengths) and any(
        keep.touches(term) for axes in binding.inputs for term in axes or ()
    )


def _write(node: gs.Node, place: Length, terms: list[Term | None], keep: Keep) -> None:
    if place.kind == "index" and isinstance(place.where, int):
        _set_operand(node, place.where, _remap(node.inputs[place.where].values, terms, keep))
    elif isinstance(place.where, tuple):
        maker = node.inputs[place.where[0]].inputs[0]
        _write(maker, Length(place.where[1], place.axes), terms, keep)
    elif isinstance(place.where, int):
        old = node.inputs[place.where].values
        new = [v if t is None else keep.kept(t) for v, t in zip(old.ravel(), terms, strict=True)]
        _set_operand(node, place.where, np.array(new, old.dtype).reshape(old.shape))
    else:
        _set_attribute(node, place.where, [None if t is None else keep.kept(t) for t in terms])


def _remap(index: np.ndarray, terms: list[Term | None], keep: Keep) -> np.ndarray:
    """Indices that stay, counted among the units that stay."""
    source, picked = terms
    assert source is not None and picked is not None
    mask = keep.mask(source)
    place = np.cumsum(mask) - 1
    wrapped = np.where(index < 0, index + len(mask), index)
    return np.asarray(place[wrapped][keep.mask(picked)], index.dtype)


def _set_operand(node: gs.Node, i: int, values: np.ndarray) -> None:
    old = node.inputs[i]
    if np.array_equal(old.values, values):
        return
    if len(old.outputs) == 1:
        old.values = values
    else:
        node.inputs[i] = gs.Constant(f"{old.name}/{node.name or node.outputs[0].name}", values)


def _set_attribute(node: gs.Node, name: str, new: list[int | None]) -> None:
    old = node.attrs.get(name)
    if isinstance(old, list):
        node.attrs[name] = [o if n is None else n for o, n in zip(old, new, strict=True)]
    elif old is not None and new[0] is not None:
        node.attrs[name] = new[0]


def letter_term(binding: Binding, text: str) -> Term:
    """The term that an axis expression of the rule stands for at this node."""
    return _term(binding, parse_axis(text))


def _term(binding: Binding, axis: Axis) -> Term:
    if isinstance(axis, Letter):
        return binding.env[axis.name]
    if isinstance(axis, Number):
        return atom(axis.size)
    parts = [_term(binding, part) for part in getattr(axis, "parts", ())]
    return product(*parts) if isinstance(axis, Factors) else concat(*parts)


# ------------------------------------------------------------------------------------------------- taps


def _cut_tap(binding: Binding, keep: Keep) -> None:
    """A tap whose output shrinks becomes Gathers, one for every axis that loses indices."""
    node = binding.node
    axes = {i: t for i, t in enumerate(binding.outputs[0] or ()) if keep.touches(t)}
    for number, (axis, term) in enumerate(axes.items()):
        index = gs.Constant(f"{node.name}/kept{axis}", np.flatnonzero(keep.mask(term)).astype(np.int64))
        if number == len(axes) - 1:
            node.op, node.domain, node.attrs = "Gather", None, {"axis": axis}
            node.inputs.append(index)
        else:
            raise AssertionError("a tap is cut along one axis")


# ------------------------------------------------------------------------------------------------- shapes


def _update_shapes(analysis: Analysis, keep: Keep) -> None:
    """Shapes of computed tensors follow their terms."""
    for tensor, axes in analysis.tensors:
        if isinstance(tensor, gs.Constant) or tensor.shape is None or not any(keep.touches(t) for t in axes):
            continue
        tensor.shape = [keep.kept(t) if isinstance(d, int) else d for d, t in zip(tensor.shape, axes, strict=True)]


def kept_sizes(analysis: Analysis, keep: Keep = ALL) -> dict[str, tuple[int, ...]]:
    """The shape of every stored tensor under a mask."""
    shapes: dict[str, list[int]] = {}
    for site in analysis.sites:
        shapes.setdefault(site.tensor.name, []).append(keep.kept(site.term))
    return {name: tuple(shape) for name, shape in shapes.items()}
