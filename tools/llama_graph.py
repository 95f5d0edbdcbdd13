"""A Llama-like graph of any number of layers, written down directly: what matters is its nodes, not its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN, HEADS, GROUPS, HEAD_DIM, INNER, VOCABULARY, LENGTH = 64, 8, 2, 8, 160, 96, 16


class Writer:
    """Nodes and weights in the order in which they are asked for."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self._random = np.random.default_rng(seed)

    def op(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Append a node and return its output's name."""
        name = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"node_{name}", **attributes))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """A random matrix or vector."""
        drawn = self._random.standard_normal(shape) * shape[0] ** -0.5
        self.weights[name] = drawn.astype(np.float32)
        return name

    def constant(self, *values: int | float) -> str:
        """A shared vector of lengths or a shared number."""
        name = "c_" + "_".join(map(str, values))
        whole = all(isinstance(value, int) for value in values)
        self.weights[name] = np.array(values, np.int64) if whole else np.array(values[0], np.float32)
        return name


def llama(layers: int, seed: int = 0) -> onnx.ModelProto:
    """The model: token ids [1, 16] to logits [1, 16, 96]; 57 nodes a layer."""
    w = Writer(seed)
    angles = np.outer(np.arange(LENGTH), 0.1 ** np.tile(np.arange(HEAD_DIM // 2), 2))
    w.weights |= {"cos": np.cos(angles).astype(np.float32), "sin": np.sin(angles).astype(np.float32)}
    x = w.op("Gather", w.weight("embedding", VOCABULARY, HIDDEN), "ids")
    for k in range(layers):
        x = w.op("Add", x, attention(w, norm(w, x, f"{k}.norm1"), f"{k}."))
        x = w.op("Add", x, mlp(w, norm(w, x, f"{k}.norm2"), f"{k}."))
    w.op("MatMul", norm(w, x, "norm"), w.weight("head", HIDDEN, VOCABULARY), out="logits")
    graph = helper.make_graph(
        w.nodes,
        "llama",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, LENGTH])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, LENGTH, VOCABULARY])],
        [numpy_helper.from_array(array, name) for name, array in w.weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def norm(w: Writer, x: str, name: str) -> str:
    """Root mean square normalisation, decomposed as exporters write it."""
    mean = w.op("ReduceMean", w.op("Pow", x, w.constant(2.0)), w.constant(-1), keepdims=1)
    root = w.op("Sqrt", w.op("Add", mean, w.constant(1e-5)))
    return w.op("Mul", w.op("Div", x, root), w.weight(name, HIDDEN))


def attention(w: Writer, x: str, p: str) -> str:
    """Grouped-query attention with rotary embedding."""
    q = rotate(w, heads(w, x, f"{p}q", HEADS))
    k = repeat(w, rotate(w, heads(w, x, f"{p}k", GROUPS)))
    v = repeat(w, heads(w, x, f"{p}v", GROUPS))
    scores = w.op("MatMul", q, w.op("Transpose", k, perm=[0, 1, 3, 2]))
    shares = w.op("Softmax", w.op("Mul", scores, w.constant(HEAD_DIM**-0.5)), axis=-1)
    mixed = w.op("Transpose", w.op("MatMul", shares, v), perm=[0, 2, 1, 3])
    flat = w.op("Reshape", mixed, w.constant(1, LENGTH, HEADS * HEAD_DIM))
    return w.op("MatMul", flat, w.weight(f"{p}o", HEADS * HEAD_DIM, HIDDEN))


def heads(w: Writer, x: str, name: str, count: int) -> str:
    """A projection, split into heads: [1, heads, 16, 8]."""
    flat = w.op("MatMul", x, w.weight(name, HIDDEN, count * HEAD_DIM))
    return w.op("Transpose", w.op("Reshape", flat, w.constant(1, LENGTH, count, HEAD_DIM)), perm=[0, 2, 1, 3])


def rotate(w: Writer, x: str) -> str:
    """Rotary position embedding by halves."""
    start, middle, end, last = (w.constant(i) for i in (0, HEAD_DIM // 2, HEAD_DIM, -1))
    low, high = w.op("Slice", x, start, middle, last), w.op("Slice", x, middle, end, last)
    turned = w.op("Concat", w.op("Neg", high), low, axis=-1)
    return w.op("Add", w.op("Mul", x, "cos"), w.op("Mul", turned, "sin"))


def repeat(w: Writer, x: str) -> str:
    """Every key/value group once for each of its queries."""
    spread = w.constant(1, GROUPS, HEADS // GROUPS, LENGTH, HEAD_DIM)
    many = w.op("Expand", w.op("Unsqueeze", x, w.constant(2)), spread)
    return w.op("Reshape", many, w.constant(1, HEADS, LENGTH, HEAD_DIM))


def mlp(w: Writer, x: str, p: str) -> str:
    """The gated MLP."""
    gate = w.op("MatMul", x, w.weight(f"{p}gate", HIDDEN, INNER))
    raised = w.op("MatMul", x, w.weight(f"{p}up", HIDDEN, INNER))
    product = w.op("Mul", w.op("Mul", gate, w.op("Sigmoid", gate)), raised)
    return w.op("MatMul", product, w.weight(f"{p}down", INNER, HIDDEN))
