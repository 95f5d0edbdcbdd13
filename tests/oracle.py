"""The oracle for tests: prune all that should be exact, at random, and prove the result from scratch.

Graphs are given in ONNX text. A tensor in the list behind the outputs that has no value is a weight, and gets seeded
random numbers: names that start with `var` or `scale` positive ones, integers small ones. An output written as
`float[] y` gets the shape that is inferred.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnx.parser
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.graph import Model, finish, from_proto, index_bounds, normalize, save, to_proto
from onnxprune.graph.shapes import infer
from onnxprune.graph.standins import naturalised
from onnxprune.rewrite import Masks, keep_of, mask_consumers, prove, shrink
from onnxprune.runtime.verify import TOLERANCE, Proof, verify

Text = str | onnx.ModelProto


class Refuted(AssertionError):
    """A check of the oracle failed. stage: "groups", "shrink", "checker", "proof" or "visible"."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage


# ------------------------------------------------------------------------------------------------- models


def build(source: Text, opset: int = 21, seed: int = 0) -> onnx.ModelProto:
    """A checked model from ONNX text; text without a header gets one of `opset`."""
    if isinstance(source, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(source)
        return copy
    contrib = ', "com.microsoft": 1' if "com.microsoft." in source else ""
    header = "" if source.lstrip().startswith("<") else f'<ir_version: 10, opset_import: ["": {opset}{contrib}]>\n'
    proto = onnx.parser.parse_model(header + source)
    _fill(proto.graph, seed)
    inferred = infer(proto)
    for output, known in zip(proto.graph.output, inferred.graph.output, strict=True):
        output.CopyFrom(known)
    onnx.checker.check_model(naturalised(proto))
    return proto


def _fill(graph: onnx.GraphProto, seed: int) -> None:
    """Declared tensors that nothing makes become weights."""
    made = {name for node in graph.node for name in node.output} | {v.name for v in graph.input}
    for value in [v for v in graph.value_info if v.name not in made]:
        kind = value.type.tensor_type
        shape = [d.dim_value for d in kind.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
        graph.initializer.append(numpy_helper.from_array(_values(value.name, shape, dtype, seed), value.name))
        graph.value_info.remove(value)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _fill(attribute.g, seed)


def _values(name: str, shape: list[int], dtype: np.dtype, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if dtype.kind in "iu":
        return rng.integers(0, 7, shape).astype(dtype)
    if name.startswith(("var", "scale")):
        return rng.uniform(0.5, 1.5, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def analysed(source: Text, opset: int = 21, seed: int = 0) -> tuple[Model, Analysis]:
    """The normalised model and its analysis, in which no rule may have had a defect."""
    model = normalize(from_proto(build(source, opset, seed)))
    analysis = analyze(model.graph, model.opsets)
    if analysis.defects:
        raise Refuted("groups", f"defects: {'; '.join(map(str, analysis.defects))}")
    return model, analysis


# ------------------------------------------------------------------------------------------------- the check


def exact(analysis: Analysis) -> list[Group]:
    """The groups that may be pruned at no loss."""
    return [g for g in analysis.prunable if not g.inexact]


def random_masks(groups: list[Group], seed: int = 0, fraction: float = 0.5) -> dict[str, np.ndarray]:
    """About `fraction` of every group's units goes, at least one goes and at least one stays."""
    rng = np.random.default_rng(seed)
    masks: dict[str, np.ndarray] = {}
    for group in groups:
        gone = min(max(round(group.size * fraction), 1), group.size - 1)
        mask = np.ones(group.size, bool)
        mask[rng.permutation(group.size)[:gone]] = False
        masks[group.id] = mask
    return masks


def check(
    source: Text,
    *,
    opset: int = 21,
    seed: int = 0,
    fraction: float = 0.5,
    groups: Mapping[str, int] | None = None,
    visible: bool = True,
    reference: bool = False,
    strict: bool = True,
    inexact: bool = False,
) -> Proof:
    """Prune about `fraction` of every exact group at random and prove the result; raises Refuted where it is wrong.

    groups: the exact groups that there must be, and no others (id -> size); None: at least one
    visible: what is pruned must show in the outputs of the unmasked model, or the proof would be worth nothing
    reference: run the models with onnx.reference, for ops that ONNX Runtime has no kernel for
    strict: shape inference must get through; False for ops on which it stumbles in the source already
    inexact: prune the inexact groups as well; the masked model then works over what is kept
    """
    proto = build(source, opset, seed)
    model, analysis = analysed(proto)
    found = exact(analysis)
    _expect({g.id: g.size for g in found}, groups)
    masks = random_masks(analysis.prunable if inexact else found, seed, fraction)
    pruned = pruned_bytes(model, analysis, masks)
    well_formed(pruned, strict)
    proof = (_prove_by_reference if reference else _prove)(proto, masks, pruned)
    if not proof.ok:
        raise Refuted("proof", f"{proof.status}: {proof.reason}")
    if visible:
        _see(proto, pruned, reference)
    return proof


def _expect(found: Mapping[str, int], groups: Mapping[str, int] | None) -> None:
    if not found:
        raise Refuted("groups", "nothing can be pruned")
    if groups is not None and dict(groups) != found:
        raise Refuted("groups", f"{found} where {dict(groups)} is expected")


def pruned_bytes(model: Model, analysis: Analysis, masks: Masks) -> bytes:
    """The file of the shrunk model."""
    try:
        changed = shrink(model, analysis, keep_of(analysis, masks))
    except (IndexError, ValueError, AssertionError, KeyError, TypeError) as error:
        raise Refuted("shrink", repr(error)) from error
    if not changed:
        raise Refuted("shrink", "no tensor got smaller")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pruned.onnx"
        save(finish(model), path)
        return path.read_bytes()


def well_formed(pruned: bytes, strict: bool = True) -> None:
    """The checker and strict shape inference accept the file."""
    try:
        proto = onnx.load_from_string(pruned)
        proto = naturalised(proto)
        onnx.checker.check_model(proto, full_check=strict)
        onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=strict, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError) as error:
        raise Refuted("checker", str(error)) from error


def _prove(proto: onnx.ModelProto, masks: Masks, pruned: bytes) -> Proof:
    return prove(lambda: from_proto(build(proto)), masks, pruned)


def _see(proto: onnx.ModelProto, pruned: bytes, reference: bool) -> None:
    """Without masks the outputs must differ, and by a finite amount."""
    dense = build(proto).SerializeToString()
    error = _difference(dense, pruned, proto) if reference else verify(dense, pruned, bounds=_bounds(proto)).error
    if not TOLERANCE < error < math.inf:
        raise Refuted("visible", f"the outputs of the unmasked model differ by {error}")


def _bounds(proto: onnx.ModelProto) -> dict[str, int]:
    return index_bounds(from_proto(build(proto)).graph)


# ------------------------------------------------------------------------------------------------- onnx.reference


def _prove_by_reference(proto: onnx.ModelProto, masks: Masks, pruned: bytes) -> Proof:
    model, analysis = analysed(proto)
    mask_consumers(analysis, keep_of(analysis, masks))
    error = _difference(to_proto(finish(model)).SerializeToString(), pruned, proto)
    return Proof("proved" if error <= TOLERANCE else "failed", error, draws=1, reason=f"relative error {error:.1e}")


def _difference(dense: bytes, pruned: bytes, proto: onnx.ModelProto) -> float:
    feeds = {v.name: _feed(v) for v in proto.graph.input}
    pairs = zip(*(ReferenceEvaluator(onnx.load_from_string(m)).run(None, feeds) for m in (dense, pruned)), strict=True)
    return max(float(np.abs(a - b).max() / np.abs(a).max()) if a.shape == b.shape else math.inf for a, b in pairs)


def _feed(value: onnx.ValueInfoProto) -> np.ndarray:
    kind = value.type.tensor_type
    shape = [d.dim_value or 2 for d in kind.shape.dim]
    return _values(f"input {value.name}", shape, helper.tensor_dtype_to_np_dtype(kind.elem_type), 1)


def initializers(proto: onnx.ModelProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the stored tensors of the outermost graph."""
    yield from ((t.name, tuple(t.dims)) for t in proto.graph.initializer)
