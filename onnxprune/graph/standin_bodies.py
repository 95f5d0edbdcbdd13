"""What the ops of ONNX Runtime do to shapes and types, as functions of standard ops in ONNX text.

A function's convolutions, poolings and the like take the attributes of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onnx import TensorProto


@dataclass(frozen=True, slots=True)
class Call:
    """A node to stand in for: its attributes, which inputs are given, and what is known of those that are no output.

    types: element types; ranks: how many axes; 0 and None where a node makes the input
    """

    attributes: Mapping[str, Any]
    given: tuple[bool, ...]
    types: tuple[int, ...]
    ranks: tuple[int | None, ...]

    def has(self, i: int) -> bool:
        return i < len(self.given) and self.given[i]

    def get(self, name: str, default: Any = 0) -> Any:
        return self.attributes.get(name, default)


Body = str | Callable[[Call], str]

SAME = "(x) => (y) { y = Identity(x) }"
_AVERAGE = "a = Constant<value_ints=[-1]>() m = ReduceMean(x, a) v = Identity(m)"
_FLAT = "z = Constant<value_ints=[0,0,-1]>()"
_EMBEDDED = """(i, s, w) => (y, m, e) { y = Gather(w, i) e = Identity(y)
               z = Constant<value_ints=[1]>() r = ReduceMax<keepdims=0>(i, z) m = Cast<to=6>(r) }"""


def _einsum(equation: str, inputs: str, a: str, b: str) -> str:
    return f'({inputs}) => (y) {{ y = Einsum<equation="{equation}">({a}, {b}) }}'


def _product(call: Call) -> str:
    """A batch may stand between rows and columns; a matrix has none, and the other operand's goes."""
    sides = []
    for i, (side, names) in enumerate((("A", "mk"), ("B", "kn"))):
        major, minor = reversed(names) if call.get(f"trans{side}") else iter(names)
        batch = "" if call.ranks[i] == 2 and call.ranks[1 - i] != 2 else "..."
        sides.append(f"{major}{batch}{minor}" if call.get(f"transBatch{side}") else f"{batch}{major}{minor}")
    return _einsum(f"{','.join(sides)}->...mn", "a, b", "a", "b")


def _fused(call: Call) -> str:
    """The part of a fused projection that makes the values."""
    return f'(x, w) => (y) {{ {_values(call)} y = Einsum<equation="bsi,iv->bsv">(x, v) }}'


def _fused_quantised(call: Call) -> str:
    made = 'f = CastLike(x, t) y = Einsum<equation="bsi,iv->bsv">(f, v)'
    return f"(x, w, c, t) => (y) {{ {_values(call)} {made} }}"


def _values(call: Call) -> str:
    sizes = call.get("qkv_hidden_sizes", ())
    if not sizes:
        return "q, k, v = Split<axis=1, num_outputs=3>(w)"
    return f"s = Constant<value_ints={list(sizes)}>() q, k, v = Split<axis=1>(w, s)"


def _attention(call: Call) -> str:
    """Queries, keys and values apart, with an axis for heads, or packed: [batch, sequence, heads, parts, width]."""
    if not call.has(1):
        return f"(q) => (y) {{ a, b, v = Split<axis=3, num_outputs=3>(q) {_FLAT} y = Reshape(v, z) }}"
    if call.has(2) and call.ranks[2] != 4:
        return _einsum("bsq,btv->bsv", "q, k, v", "q", "v")
    apart = "t = Transpose<perm=[0,2,1,3]>(v)" if call.has(2) else "a, t = Split<axis=3, num_outputs=2>(k)"
    made = f'{apart} {_FLAT} r = Reshape(t, z) y = Einsum<equation="bsq,btv->bsv">(q, r)'
    return f"({'q, k, v' if call.has(2) else 'q, k'}) => (y) {{ {made} }}"


def _grouped(call: Call) -> str:
    """As wide as the queries, which may come packed with keys and values."""
    if call.has(1):
        return SAME
    queries, groups = call.get("num_heads"), call.get("kv_num_heads")
    heads = f"s = Constant<value_ints=[0,0,{queries + 2 * groups},-1]>() h = Reshape(x, s)"
    sizes = f"c = Constant<value_ints=[{queries},{groups},{groups}]>() q, k, v = Split<axis=2>(h, c)"
    return f"(x) => (y) {{ {heads} {sizes} {_FLAT} y = Reshape(q, z) }}"


def _gathered(call: Call) -> str:
    """Bytes hold two numbers of four bits each."""
    packed = call.types[0] == TensorProto.UINT8 and call.get("bits", 4) == 4
    data = "p = Concat<axis=-1>(d, d)" if packed else "p = Identity(d)"
    return f"(d, i, s) => (y) {{ {data} g = Gather<axis={call.get('gather_axis')}>(p, i) y = CastLike(g, s) }}"


def _joined(call: Call) -> str:
    """Every operand has a scale and a zero point behind it."""
    count = (len(call.given) - 2) // 3
    operands = ", ".join(f"x{i}, s{i}, z{i}" for i in range(count))
    return f"(s, z, {operands}) => (y) {{ y = Concat({', '.join(f'x{i}' for i in range(count))}) }}"


def _gemm(call: Call) -> str:
    """Quantised again where the output has a scale."""
    like = "a" if call.has(7) else "s"
    return f"(a, s, z, b) => (y) {{ g = Gemm(a, b) y = CastLike(g, {like}) }}"


def _averaged(call: Call) -> str:
    """An attribute names the axes, as in older opsets."""
    axes = list(call.get("axes", ()))
    return (
        f"(x) => (y) {{ {f'a = Constant<value_ints={axes}>() y = ReduceMean(x, a)' if axes else 'y = ReduceMean(x)'} }}"
    )


def _laid_out(inputs: str, op: str, operands: str) -> Callable[[Call], str]:
    """Channels are the second axis, or the last one."""

    def body(call: Call) -> str:
        if not call.get("channels_last"):
            return f"({inputs}) => (y) {{ y = {op}({operands}) }}"
        first, last = "c = Transpose<perm=[0,3,1,2]>(x)", "y = Transpose<perm=[0,2,3,1]>(d)"
        return f"({inputs}) => (y) {{ {first} d = {op}({operands.replace('x', 'c')}) {last} }}"

    return body


BODIES: dict[str, Body] = {
    **dict.fromkeys(
        "BiasAdd BiasGelu BiasSoftmax FastGelu Gelu GroupNorm LayerNormalization QLinearLeakyRelu QLinearSigmoid "
        "QLinearSoftmax QuickGelu RotaryEmbedding SimplifiedLayerNormalization Trilu".split(),
        SAME,
    ),
    **dict.fromkeys(
        ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"),
        f"(x) => (y, m, v, s) {{ y = Identity(x) s = Identity(x) {_AVERAGE} }}",
    ),
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), "(a, s, z, b) => (y) { y = Add(a, b) }"),
    "Attention": _fused,
    "BiasSplitGelu": "(x) => (y) { y, z = Split<axis=-1, num_outputs=2>(x) }",
    "DequantizeLinear": "(x, s) => (y) { y = CastLike(x, s) }",
    "DynamicQuantizeMatMul": "(a, b) => (y) { y = MatMul(a, b) }",
    "EmbedLayerNormalization": _EMBEDDED,
    "FusedConv": "(x, w) => (y) { y = Conv(x, w) }",
    "FusedGemm": "(a, b) => (y) { y = Gemm(a, b) }",
    "FusedMatMul": _product,
    "GatherBlockQuantized": _gathered,
    "GroupQueryAttention": _grouped,
    "MatMulIntegerToFloat": "(a, b, s) => (y) { m = MatMul(a, b) y = CastLike(m, s) }",
    "MatMulNBits": _einsum("...k,nxy->...n", "a, b", "a", "b"),
    "MultiHeadAttention": _attention,
    "NhwcMaxPool": "(x) => (y) { c = Transpose<perm=[0,3,1,2]>(x) d = MaxPool(c) y = Transpose<perm=[0,2,3,1]>(d) }",
    "QAttention": _fused_quantised,
    "QGemm": _gemm,
    "QLinearAveragePool": _laid_out("x", "AveragePool", "x"),
    "QLinearConcat": _joined,
    "QLinearConv": _laid_out("x, s, z, w", "Conv", "x, w"),
    "QLinearGlobalAveragePool": _laid_out("x", "GlobalAveragePool", "x"),
    "QLinearReduceMean": _averaged,
    "QLinearWhere": "(c, a, s, z, b) => (y) { y = Where(c, a, b) }",
    "QuantizeLinear": "(x, s, z) => (y) { y = CastLike(x, z) }",
    "SkipGroupNorm": "(x) => (y, s) { y = Identity(x) s = Identity(x) }",
}
"""Op type in the domain com.microsoft -> the function, or what makes it for a call."""
