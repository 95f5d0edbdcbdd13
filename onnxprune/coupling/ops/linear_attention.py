"""Linear attention as one op (opset 27+): a recurrent state of keys by values, read by queries."""

import math

from onnxprune.coupling.ops.attention import ROLES
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

STATE = "part of a recurrent state that the model gives out"


@rule("LinearAttention")
def linear_attention(node: NodeView) -> Spec:
    """Q, K, V as [batch, sequence, heads * head_dim]; heads are `(g r)`: key/value groups and queries per group."""
    queries, groups = int(node.attr("q_num_heads", 0)), int(node.attr("kv_num_heads", 0))
    if not queries or not groups or queries % groups:
        raise Fenced("linear attention whose heads can't be told")
    heads, sizes = ("(g r)", {"g": groups, "r": queries // groups}) if queries != groups else ("g", {"g": groups})
    read = node.given(3) or node.readers(1) != []
    operands = [f"b s ({heads} d)", "b s (g d)", "b s (g v)", "b g d v", _decay(node, groups), _rate(node)]
    return Spec(
        f"{', '.join(operands[: node.inputs])} -> b s ({heads} v), {'b g d v' if read else '_'}",
        sizes=sizes,
        locked={"s": "stepped along"} | ({"d": STATE} if read else {}) | _unscaled(node, queries),
        roles={name: role for name, role in ROLES.items() if name in sizes or name in "dv"},
        lengths=(Length("q_num_heads", (heads,)), Length("kv_num_heads", ("g",))),
        macs="output",
        pin=_scale(node, queries),
    )


def _decay(node: NodeView, groups: int) -> str:
    """One number for a head, or for every dimension of its keys."""
    if not node.given(4):
        return "_"
    width, keys = node.shape(4)[-1], node.shape(1)[-1]
    if width is None or keys is None:
        raise Fenced("linear attention whose decay can't be told from its shape")
    return "b s g" if width == groups != keys else "b s (g d)"


def _rate(node: NodeView) -> str:
    return "_" if not node.given(5) else "b s 1" if node.shape(5)[-1] == 1 else "b s g"


def _scale(node: NodeView, heads: int) -> dict[str, float]:
    """The default scale is 1/sqrt(head_dim): it must stay the dense model's."""
    width = node.shape(0)[-1]
    return {} if node.attr("scale") is not None or width is None else {"scale": 1.0 / math.sqrt(width // heads)}


def _unscaled(node: NodeView, heads: int) -> dict[str, str]:
    """A scale of 0, written out, stands for the default one."""
    told = node.attr("scale", 0.0) or _scale(node, heads)
    return {} if told else {"d": "its length sets the scale of linear attention"}
