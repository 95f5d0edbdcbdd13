"""How sparse weights are written: as zeros that any runtime reads, as sparse initializers, or packed behind an op."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.errors import InputError, VerificationError
from onnxprune.graph import Model, Packed, pack, pack_groups, sparse_matmul, unpack, use_domain
from onnxprune.rewrite import as_products
from onnxprune.sparse.epilogue import fuse
from onnxprune.sparse.pattern import Pattern

Array = np.ndarray

FORMATS = ("zeros", "op", "initializer")

VALUES = ("float32", "int8")
"""What packed weights are stored in; products with int8 quantise what they read, row by row."""


def check_format(name: str) -> None:
    """Raise InputError for an unknown way to write sparse weights."""
    if name not in FORMATS:
        raise InputError(f"--sparse-format {name}: there are {', '.join(FORMATS)}")


def check_values(name: str, pattern: Pattern, form: str | None = None) -> None:
    """Raise InputError for a type that sparse weights of this pattern, in this form (None: any), aren't stored in."""
    if name not in VALUES:
        raise InputError(f"values are {' or '.join(VALUES)}, not '{name}'")
    if name != "float32" and pattern.kept:
        raise InputError(f"values={name} needs a pattern of blocks, not {pattern}")
    if name != "float32" and form not in (None, "op"):
        raise InputError(f"values={name} needs --sparse-format op, not {form}")


def emit(
    model: Model,
    patterns: Mapping[str, Pattern],
    form: str,
    int8: Collection[str] = (),
    blocks: Collection[str] = (),
) -> list[str]:
    """Write some stored tensors of a finished model in a form, in place; returns those that could not be.

    patterns: stored tensor -> the pattern of its zeros; int8: those whose values are to be; blocks: stored tensors with
    the blocks of block-diagonal matrices (`onnxprune.rewrite.wrap`), which are packed as such around packed weights
    """
    if form == "initializer":
        return list(_initializers(model, patterns))
    if form != "op":
        return []
    sizes = as_products(model, blocks)
    return list(_ops(model, {**patterns, **{name: Pattern(size, size) for name, size in sizes.items()}}, int8))


def _initializers(model: Model, patterns: Mapping[str, Pattern]) -> Iterator[str]:
    """As sparse_initializer of the standard, which takes 12 bytes for every weight that stays: where that's shorter."""
    for tensor in {id(t): t for node in model.graph.nodes for t in node.inputs if t.name in patterns}.values():
        if np.count_nonzero(tensor.values) * (8 + tensor.dtype.itemsize) < tensor.values.nbytes:
            tensor.sparse = "initializer"
        else:
            yield str(tensor.name)


def _ops(model: Model, patterns: Mapping[str, Pattern], int8: Collection[str]) -> Iterator[str]:
    """As SparseMatMul nodes, with what follows the product: a bias, an activation, a sum with another tensor."""
    left = set(patterns)
    for node in list(model.graph.nodes):
        name = next((t.name for t in node.inputs[1:2] if isinstance(t, gs.Constant) and t.name in patterns), "")
        packed = _packed(node, patterns[name], name in int8) if name else None
        if packed is not None:
            fuse(model, _replace(model.graph, node, packed))
            left.discard(name)
    if left != set(patterns):
        use_domain(model)
    yield from sorted(left)


def _packed(node: gs.Node, pattern: Pattern, int8: bool) -> Packed | None:
    """The weight of a product [k, n] in blocks; None where the node is none, or the kernels have no such thing."""
    stored = np.asarray(node.inputs[1].values)
    if stored.dtype not in (np.float32, np.float16) or stored.ndim != 2 or node.op not in ("MatMul", "Gemm"):
        return None
    if node.op == "Gemm" and (node.attrs.get("transA", 0) or not _is_bias(node)):
        return None
    weight = stored.T if node.op == "Gemm" and node.attrs.get("transB", 0) else stored
    weight = (weight * np.float32(node.attrs.get("alpha", 1.0))).astype(stored.dtype) if node.op == "Gemm" else weight
    if pattern.kept and weight.shape[0] % pattern.inputs:
        return None
    if pattern.kept:
        made = pack_groups(weight, (pattern.kept, pattern.inputs))
    else:
        made = pack(weight, (pattern.outputs, pattern.inputs), int8=int8)
    step = np.float32(0) if made.scales is None else made.scales
    if (np.abs(unpack(made) - weight) > step * np.float32(0.501)).any():
        raise VerificationError(f"the packed form of '{node.inputs[1].name}' is not the weight that was packed")
    return made


def _is_bias(node: gs.Node) -> bool:
    """Whether a Gemm adds a stored vector, or nothing."""
    if len(node.inputs) < 3 or node.inputs[2].is_empty():
        return True
    bias = node.inputs[2]
    return isinstance(bias, gs.Constant) and bias.values.size in (1, bias.shape[-1] if bias.shape else 1)


def _replace(graph: gs.Graph, node: gs.Node, packed: Packed) -> gs.Node:
    made, bias, add = node.outputs[0], _gemm_bias(node, packed.n), None
    if node.op == "MatMul":
        add, bias = _added(graph, node, packed.n)
    made = made if add is None else add.outputs[0]
    at = next(k for k, other in enumerate(graph.nodes) if other is node)
    data, name = node.inputs[0], node.name or str(made.name)
    for old in (node, add) if add is not None else (node,):
        old.inputs.clear()
        old.outputs.clear()
    graph.nodes[at] = sparse_matmul(packed, data, made, name=name, bias=bias)
    if add is not None:
        del graph.nodes[next(k for k, other in enumerate(graph.nodes) if other is add)]
    return next(entry for entry in graph.nodes if entry.outputs[0] is made)


def _gemm_bias(node: gs.Node, size: int) -> gs.Constant | None:
    if node.op != "Gemm" or len(node.inputs) < 3 or node.inputs[2].is_empty():
        return None
    stored: gs.Constant = node.inputs[2]
    beta = np.float32(node.attrs.get("beta", 1.0))
    if beta == 1 and stored.shape == (size,):
        return stored
    values = np.broadcast_to((stored.values.reshape(-1) * beta).astype(stored.dtype), size)
    return gs.Constant(f"{stored.name}/{node.name or node.outputs[0].name}", np.ascontiguousarray(values))


def _added(graph: gs.Graph, node: gs.Node, size: int) -> tuple[gs.Node | None, gs.Constant | None]:
    """The Add of a stored vector that alone reads a product, and the vector."""
    made = node.outputs[0]
    if len(made.outputs) != 1 or any(made is out for out in graph.outputs) or made.outputs[0].op != "Add":
        return None, None
    add = made.outputs[0]
    other = add.inputs[1] if add.inputs[0] is made else add.inputs[0]
    if not isinstance(other, gs.Constant) or other.shape != (size,):
        return None, None
    return add, other
