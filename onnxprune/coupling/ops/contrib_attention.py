"""Attention as one op of ONNX Runtime. Heads are `h`, or `(g r)`: key/value groups and queries per group."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.attention import ROLES
from onnxprune.coupling.ops.pointwise import SOFTMAX
from onnxprune.coupling.ops.quant_scale import parameter
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

CONTRIB = "com.microsoft"

POSITION = Reason("masked by position", Ground.INDEX)
MULTIPLE = Reason("ONNX Runtime takes only heads of multiples of 8 dimensions (16 under rotary)", Ground.FIXED)
CACHE = Reason("a cache grows along it", Ground.INDEX)
MADE_OF = {"h": "head", "d": "head_dim", "v": "head_dim"}
HEADS = (Length("num_heads", ("h",)),)


def _bias(node: NodeView, i: int, heads: str, keys: str) -> str:
    """What is added to the scores, [batch, heads, queries, keys]; an axis of one index has no units."""
    if not node.given(i):
        return "_"
    names = ["b", heads, "s", keys]
    return " ".join("1" if size == 1 else name for size, name in zip(node.shape(i), names, strict=True))


def _pin(node: NodeView, width: int) -> dict[str, float]:
    """The default scale is 1/sqrt(head_dim): it must stay the dense model's."""
    return {} if node.attr("scale") else {"scale": 1.0 / math.sqrt(width)}


def _length(node: NodeView, i: int, axis: int) -> int:
    """A length that the rule can't do without."""
    size = node.shape(i)[axis]
    if size is None:
        raise Fenced("attention whose widths can't be told")
    return size


# ------------------------------------------------------------------------------------------------- fused projections


@dataclass(frozen=True, slots=True)
class _Fused:
    """What Attention and QAttention have in common: the projection is one matrix, (queries + keys + values)."""

    node: NodeView
    past: int
    heads: int

    @property
    def value(self) -> str:
        """The letter of a value's width: a key's where a cache holds both, or no attribute could tell them apart."""
        cached = self.node.given(self.past) or self.node.outputs > 1
        return "d" if cached or self.node.node.op == "QAttention" else "v"

    @property
    def widths(self) -> list[int]:
        """Of all heads' queries, keys and values."""
        given = self.node.attr("qkv_hidden_sizes")
        return [int(w) for w in given] if given is not None else [_length(self.node, 1, 1) // 3] * 3

    def spec(self, operands: list[str], keys: str) -> Spec:
        h, v = "h", self.value
        caches = self.node.given(self.past) or self.node.outputs > 1
        locked: dict[str, str] = {"s": SOFTMAX}
        if self.node.attr("unidirectional", 0):
            locked["s"] = POSITION
        if self.node.given(self.past):
            locked["p"] = CACHE
        if caches:
            locked["t"] = SOFTMAX
        told = self.node.attr("qkv_hidden_sizes") is not None or v == "v"
        lengths = (*HEADS, *([Length("qkv_hidden_sizes", ("(h d)", "(h d)", f"(h {v})"))] if told else []))
        pin: dict[str, float | Sequence[int]] = {**_pin(self.node, self.widths[0] // self.heads)}
        if told:
            pin["qkv_hidden_sizes"] = self.widths
        made = f"b s (h {v}), 2 b h t {v}" if caches else f"b s (h {v})"
        return Spec(
            f"{', '.join(operands)} -> {made}",
            sizes={"h": self.heads, "d": self.widths[0] // self.heads, v: self.widths[2] // self.heads},
            locked=locked,
            roles={name: MADE_OF[name] for name in dict.fromkeys((h, "d", v))},
            lengths=lengths,
            macs=f"b s i 2 h d + b s i h {v} + b h s {keys} d + b h s {keys} {v}",
            pin=pin,
            reduced=("d",),
        )


def _fused(node: NodeView, past: int) -> _Fused:
    heads = int(node.attr("num_heads", 0))
    if not heads or node.attr("do_rotary", 0):
        raise Fenced("attention that turns its queries and keys" if heads else "attention whose heads can't be told")
    if node.attr("past_present_share_buffer", 0):
        raise Fenced("attention that writes into the cache that it is given")
    return _Fused(node, past, heads)


@rule("Attention", domain=CONTRIB)
def attention(node: NodeView) -> Spec:
    """Projection and attention in one: heads, dimensions of queries and keys, and dimensions of values."""
    fused = _fused(node, past=4)
    projected = f"((h d) + (h d) + (h {fused.value}))"
    keys = "t" if node.given(4) else "s"
    operands = ["b s i", f"i {projected}", projected, "_", f"2 b h p {fused.value}", _bias(node, 5, "h", keys), "_"]
    return fused.spec(operands, keys)


@rule("QAttention", domain=CONTRIB)
def qattention(node: NodeView) -> Spec:
    """The same with a quantised projection, of one width for queries, keys and values."""
    fused = _fused(node, past=8)
    projected = "((h d) + (h d) + (h d))"
    weight_scale, weight_zero = parameter(node, 4, projected), parameter(node, 7, projected)
    scales = f"{parameter(node, 3)}, {weight_scale}, _, {parameter(node, 6)}, {weight_zero}"
    operands = ["b s i", f"i {projected}", projected, scales, "2 b h p d"]
    return fused.spec(operands, "t" if node.given(8) else "s")


# ------------------------------------------------------------------------------------------------- projections apart


@rule("MultiHeadAttention", domain=CONTRIB)
def multi_head(node: NodeView) -> Spec:
    """Queries, keys and values apart; those of a cache that isn't extended have an axis for heads."""
    heads = int(node.attr("num_heads", 0))
    if not heads:
        raise Fenced("attention whose heads can't be told")
    if not node.given(2) or any(node.given(i) for i in (8, 9)):
        raise Fenced(Reason("packed operands and caches for beams are computed on GPUs alone", Ground.FUSED))
    cached = any(not t.is_empty() for t in node.node.outputs[1:])
    keys = "u" if cached else "t"
    operands = ["b s (h d)", "b h t d" if node.rank(1) == 4 else "b t (h d)"]
    operands += ["b h t v" if node.rank(2) == 4 else "b t (h v)", "((h d) + (h d) + (h v))", "_"]
    operands += [_bias(node, 5, "h", keys), "b h p d", "b h p v"]
    locked: dict[str, str] = {"t": SOFTMAX} | ({"u": SOFTMAX} if cached else {})
    if node.attr("unidirectional", 0):
        locked["s"] = POSITION
    return Spec(
        f"{', '.join(operands)} -> b s (h v), b h u d, b h u v, b h s u",
        sizes={"h": heads},
        locked=locked | ({"p": CACHE} if node.given(6) else {}),
        roles=MADE_OF,
        lengths=HEADS,
        macs=f"b h s {keys} d + b h s {keys} v",
        pin=_pin(node, _length(node, 0, -1) // heads),
        reduced=("d",),
    )


# ------------------------------------------------------------------------------------------------- grouped queries


@rule("GroupQueryAttention", domain=CONTRIB)
def grouped(node: NodeView) -> Spec:
    """A head of keys and values for several of queries; whole groups may go, or the same query of every group."""
    queries, groups = int(node.attr("num_heads", 0)), int(node.attr("kv_num_heads", 0))
    if not groups or queries % groups:
        raise Fenced("attention whose heads can't be told")
    if node.attr("k_quant_type", "NONE") != "NONE" or any(node.given(i) for i in range(12, node.inputs)):
        raise Fenced("grouped attention with a quantised cache or normalised queries")
    heads, repeats = ("(g r)", {"r": queries // groups}) if queries != groups else ("g", {})
    width = _length(node, 0, -1) // (queries if node.given(1) else queries + 2 * groups)
    cached = any(not t.is_empty() for t in node.node.outputs[1:])
    keys = "u" if cached else "t" if node.given(1) else "s"
    locked = {keys: SOFTMAX, "s": POSITION, "d": MULTIPLE} | ({"t": SOFTMAX} if node.given(1) else {})
    cache = ", ".join(["b g p d", "b g p d", "_", "_", "*", "*", "_"])
    operands = [*_operands(node, heads), cache, _bias(node, 10, heads, keys), heads]
    return Spec(
        f"{', '.join(operands)} -> b s ({heads} d), b g u d, b g u d, b {heads} s u",
        sizes={"g": groups, **repeats, "d": width},
        locked=locked | ({"p": CACHE} if node.given(3) else {}),
        roles={name: ROLES[name] for name in ("g", *repeats)},
        lengths=(Length("num_heads", (heads,)), Length("kv_num_heads", ("g",))),
        macs=f"2 b {heads} s {keys} d",
    )


def _operands(node: NodeView, heads: str) -> list[str]:
    if node.given(1):
        return [f"b s ({heads} d)", "b t (g d)", "b t (g d)"]
    return [f"b s (({heads} d) + (g d) + (g d))", "_", "_"]


# ------------------------------------------------------------------------------------------------- rotary


@rule("RotaryEmbedding", domain=CONTRIB)
def rotary(node: NodeView) -> Spec:
    """Pairs of a head's dimensions turn together: halves `(c + c)`, or neighbours `(c q)` when interleaved."""
    if node.attr("is_packed_batching", 0):
        raise Fenced("rotary embedding of sequences that are packed one behind the other")
    pairs = _length(node, 2, 1)
    turned, interleaved = int(node.attr("rotary_embedding_dim", 0)), bool(node.attr("interleaved", 0))
    heads = int(node.attr("num_heads", 0))
    flat = node.rank() == 3
    if turned and flat and not heads:
        raise Fenced("rotary embedding whose heads can't be told")
    pair = "(c q)" if interleaved else "(c + c)"
    whole = not turned or turned == (_length(node, 0, -1) // (heads if flat else 1))
    head = pair if whole else f"({pair} + k)"
    run = f"b s (h {head})" if flat else f"b h s {head}"
    lengths = [Length("num_heads", ("h",))] * bool(heads) + [Length("rotary_embedding_dim", (pair,))] * bool(turned)
    return Spec(
        f"{run}, _, * c, * c -> {run}",
        sizes={"c": pairs, **({"q": 2} if interleaved else {}), **({"h": heads} if flat and heads else {})},
        locked={"q": "a rotated pair"} if interleaved else {},
        lengths=tuple(lengths),
    )
