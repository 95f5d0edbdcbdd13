"""Recurrent layers: the units of the hidden state are made from themselves, through the recurrence weights.

The gates of a unit go with it: weights are stored `(gates h)`, biases `(2 gates h)`, input before recurrence. What the
recurrence sums over is `k`, the same units as `h`: a masked unit is one whose column of the recurrence weight is zero.
"""

from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Length, Spec

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@rule("LSTM", "GRU", "RNN")
def recurrent(node: NodeView) -> Spec:
    """Units of the hidden state with their gates and with what reads them in the next step; steps are locked."""
    gates = GATES[node.node.op]
    batch_first = bool(node.attr("layout", 0))
    x, made = ("b s i", "b s d h") if batch_first else ("s b i", "s d b h")
    state = "b d h" if batch_first else "d b h"
    weight = f"({gates} h)" if gates > 1 else "h"
    operands = [x, f"d {weight} i", f"d {weight} k", f"d ({2 * gates} h)", "b", state, state, "d (3 h)"]
    return Spec(
        f"{', '.join(operands[: node.inputs])} -> {made}, {state}, {state}",
        locked={"s": "stepped along", "d": "a direction"},
        alike={"k": "h"},
        lengths=(Length("hidden_size", ("h",)),),
        macs=f"s b d {gates} h i + s b d {gates} h k",
    )
