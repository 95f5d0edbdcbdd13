"""Attention as one op (opset 23+), and rotary embedding. Heads are `(g r)`: key/value groups and queries per group."""

import math

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import SOFTMAX
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

ROLES = {"g": "head", "r": "head", "d": "head_dim", "v": "head_dim"}


@rule("Attention", since=23)
def attention(node: NodeView) -> Spec:
    """Q, K, V as [batch, heads, sequence, head_dim] or [batch, sequence, heads * head_dim]."""
    flat = node.rank() == 3
    queries = node.attr("q_num_heads") if flat else node.shape(0)[1]
    groups = node.attr("kv_num_heads") if flat else node.shape(1)[1]
    if not queries or not groups or queries % groups:
        raise Fenced("attention whose heads can't be told")
    if any(node.given(i) for i in (4, 5)) or any(not t.is_empty() for t in node.node.outputs[1:]):
        raise Fenced("attention with a cache or its scores as its interface")
    heads = "(g r)" if queries != groups else "g"
    operands = _flat(heads) if flat else [f"b {heads} s d", "b g t d", "b g t v"]
    made = f"b s ({heads} v)" if flat else f"b {heads} s v"
    operands += [_mask(node, heads) if node.given(3) else "_", "_", "_", "b"][: node.inputs - 3]
    return Spec(
        f"{', '.join(operands)} -> {made}",
        sizes={"g": groups, "r": queries // groups} if queries != groups else {"g": groups},
        locked=_locked(node, flat),
        roles={name: role for name, role in ROLES.items() if name != "r" or queries != groups},
        lengths=(Length("q_num_heads", (heads,)), Length("kv_num_heads", ("g",))) if flat else (),
        macs=f"b {heads} s t d + b {heads} s t v",
        pin=_scale(node, flat),
    )


def _flat(heads: str) -> list[str]:
    return [f"b s ({heads} d)", "b t (g d)", "b t (g v)"]


def _mask(node: NodeView, heads: str) -> str:
    """It broadcasts to [batch, heads, queries, keys]; an axis of one index has no units."""
    shape = node.shape(3)
    names = ["b", heads, "s", "t"][4 - len(shape) :]
    return " ".join("1" if size == 1 else name for size, name in zip(shape, names, strict=True))


def _locked(node: NodeView, flat: bool) -> dict[str, str]:
    locked = {"t": SOFTMAX}
    if node.attr("is_causal", 0):
        locked["s"] = Reason("masked by position", Ground.INDEX)
    if node.attr("scale") is None and not _scale(node, flat):
        locked["d"] = "its length sets the scale of attention"
    return locked


def _scale(node: NodeView, flat: bool) -> dict[str, float]:
    """The default scale is 1/sqrt(head_dim): it must stay the dense model's."""
    width = node.shape(0)[-1]
    if node.attr("scale") is not None or width is None:
        return {}
    return {"scale": 1.0 / math.sqrt(width // node.attr("q_num_heads") if flat else width)}


@rule("RotaryEmbedding", since=23)
def rotary(node: NodeView) -> Spec:
    """Pairs of a head's dimensions turn together: halves `(p + p)`, or neighbours `(p q)` when interleaved."""
    flat = node.rank() == 3
    heads = int(node.attr("num_heads", 0))
    pairs = node.shape(1)[-1]
    if pairs is None or (flat and not heads):
        raise Fenced("rotary embedding whose heads or pairs can't be told")
    turned = int(node.attr("rotary_embedding_dim", 0))
    interleaved = bool(node.attr("interleaved", 0))
    pair = "(p q)" if interleaved else "(p + p)"
    inside = f"({pair} + k)" if turned and turned != _width(node, heads if flat else 1) else pair
    run = f"b s (h {inside})" if flat else f"b h s {inside}"
    operands = [run, "* p", "* p", *(["*"] if node.given(3) else [])]
    sizes = {"p": pairs} | ({"q": 2} if interleaved else {}) | ({"h": heads} if flat else {})
    lengths = [Length("num_heads", ("h",))] * flat + [Length("rotary_embedding_dim", (pair,))] * bool(turned)
    locked = {"q": "a rotated pair"} if interleaved else {}
    return Spec(f"{', '.join(operands)} -> {run}", sizes=sizes, locked=locked, lengths=tuple(lengths))


def _width(node: NodeView, heads: int) -> int | None:
    """Dimensions of one head."""
    whole = node.shape(0)[-1]
    return None if whole is None else whole // heads
