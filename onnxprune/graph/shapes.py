"""Shape inference on skeletons."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import shape_inference


def infer(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Infer shapes with value propagation; symbolic dimensions stay symbolic, what can't be inferred stays open."""
    try:
        return shape_inference.infer_shapes(proto, data_prop=True)
    except (shape_inference.InferenceError, ValueError, RuntimeError):
        return proto


def concrete(proto: onnx.ModelProto, dims: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors once every input has the shape in `dims` (input name -> shape)."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(proto)
    del fixed.graph.value_info[:]  # symbols there would hold back what the inputs now tell
    for value in fixed.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, dims.get(value.name, ()), strict=False):
            dim.dim_value = size
    for value in fixed.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param") or dim.dim_value < 0:
                dim.Clear()
    known = infer(fixed)
    return {v.name: s for v in (*known.graph.value_info, *known.graph.output) if (s := _static(v)) is not None}


def _static(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    known = all(d.HasField("dim_value") and d.dim_value >= 0 for d in dims)
    return tuple(d.dim_value for d in dims) if known else None
