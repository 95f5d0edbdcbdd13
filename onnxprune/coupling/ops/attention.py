"""Attention as one op (opset 23+), and rotary embedding. Heads are `(g r)`: key/value groups and queries per group."""

import math

from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

HEADS = {"g": "head", "r": "head", "d": "head_dim", "v": "head_dim"}


@rule("Attention", since=23)
def attention(node: NodeView) -> Spec:
    """Q, K, V as [batch, heads, sequence, head_dim] or [batch, sequence, heads * head_dim]."""
    flat = node.rank() == 3
    queries = node.attr("q_num_heads") if flat else node.shape(0)[1]
    groups = node.attr("kv_num_heads") if flat else node.shape(1)[1]
    if not queries or not groups or queries % groups:
        raise Fenced("attention whose heads can't be told")
    if any(node.given(i) for i in (4, 5)) or node.outputs > 1:
        raise Fenced("attention with a cache as its interface")
    repeat = "(g r)" if queries != groups else "g"
    text = _flat_text(repeat) if flat else _heads_text(repeat)
    mask = ", *" if node.given(3) else ", _" if node.inputs > 3 else ""
    before, after = text
    lengths = (Length("q_num_heads", (repeat,)), Length("kv_num_heads", ("g",))) if flat else ()
    sizes = {"g": groups, "r": queries // groups}
    return Spec(
        f"{before}{mask} -> {after}", sizes=sizes, roles=HEADS, lengths=lengths, macs="output", pin=_scale(node, flat)
    )


def _flat_text(heads: str) -> tuple[str, str]:
    return f"b s ({heads[1:-1] if len(heads) > 1 else heads} d), b t (g d), b t (g v)", (
        f"b s ({heads[1:-1] if len(heads) > 1 else heads} v)"
    )


def _heads_text(heads: str) -> tuple[str, str]:
    return f"b {heads} s d, b g t d, b g t v", f"b {heads} s v"


def _scale(node: NodeView, flat: bool) -> dict[str, float]:
    """The default scale is 1/sqrt(head_dim): it must stay the dense model's."""
    width = node.shape(0)[-1]
    if node.attr("scale") is not None or width is None:
        return {}
    return {"scale": 1.0 / math.sqrt(width // node.attr("q_num_heads") if flat else width)}


@rule("RotaryEmbedding", since=23)
def rotary(node: NodeView) -> Spec:
    """Pairs of a head's dimensions turn together: halves `(p + p)`, or neighbours `(p 2)` when interleaved."""
    flat = node.rank() == 3
    heads = node.attr("num_heads", 0)
    if flat and not heads:
        raise Fenced("rotary embedding whose heads can't be told")
    turned = int(node.attr("rotary_embedding_dim", 0))
    pair = "(p q)" if node.attr("interleaved", 0) else "(p + p)"
    inside = f"({pair} + k)" if turned else pair
    run = f"b s (h {inside})" if flat else f"b h s {inside}"
    table = ", ".join(["* p"] * 2)
    index = ", *" if node.given(3) else ""
    sizes = {"p": int(node.shape(1)[-1] or 0), "q": 2, **({"h": int(heads)} if flat else {})}
    lengths = tuple(
        [Length("num_heads", ("h",))] * flat + [Length("rotary_embedding_dim", (pair,))] * bool(turned)
    )
    return Spec(f"{run}, {table}{index} -> {run}", sizes=sizes, locked={"q": "a rotated pair"}, lengths=lengths)
