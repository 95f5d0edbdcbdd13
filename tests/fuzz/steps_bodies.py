"""Steps with bodies: branches, loops, scans."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.fuzz.net import Net, Value
from tests.fuzz.step import step


def _declared(name: str, net: Net, shape: list[int | str] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, net.element, shape)


@step()
def branches(net: Net, x: Value) -> Value:
    """Either of two forms, chosen by an input."""
    width = net.one((x.channels, net.width()))
    if "condition" not in net.tables:
        net.tables["condition"] = net.input(TensorProto.BOOL, [])
    bodies = []
    for op in ("Relu", "Tanh"):
        body = net.body()
        holder = net if net.flag(0.3) else body
        y = holder.linear(x, width)
        made = body.node(op, y.name)
        bodies.append(body.graph("branch", [_declared(made, net, net.declared(x.named(made, width)))]))
    y = net.node("If", net.tables["condition"], then_branch=bodies[0], else_branch=bodies[1])
    return x.named(y, width)


@step()
def loop(net: Net, x: Value) -> Value:
    """A state goes around a few times, through weights inside or outside of the body."""
    body = net.body()
    shape = net.declared(x)
    turn = body.input(TensorProto.INT64, [])
    go = body.input(TensorProto.BOOL, [])
    state = x.named(body.input(net.element, shape))
    holder = net if net.flag(0.3) else body
    if holder is net:  # a weight of the outer graph
        w = net.weight(x.channels) if x.kind != "image" else net.weight(x.channels, 1, 1)
        y = body.node("Tanh", body.node("Add", state.name, w))
    else:
        h = body.linear(state, net.width())
        y = body.node("Tanh", body.linear(h.named(body.node("Relu", h.name)), x.channels).name)
    still = body.node("Identity", go)
    outputs = [helper.make_tensor_value_info(still, TensorProto.BOOL, []), _declared(y, net, shape)]
    graph = body.graph("body", outputs)
    assert turn in {v.name for v in graph.input}
    trips, true = net.store(np.array(2, np.int64)), net.store(np.array(True))
    return x.named(net.node("Loop", trips, true, x.name, body=graph))


@step("sequence", closed=True)
def scan(net: Net, x: Value) -> Value:
    """A small recurrent layer, step by step."""
    b, _, n = x.shape
    m = net.one((3, 4, 6))
    body = net.body()
    state = Value(body.input(net.element, [b, m]), "flat", (b, m))
    token = Value(body.input(net.element, [b, n]), "flat", (b, n))
    h = body.node("Add", body.node("MatMul", token.name, body.weight(n, m, fan=n)), body.weight(m))
    g = body.node("MatMul", state.name, body.weight(m, m, fan=m))
    new = body.node("Tanh", body.node("Add", h, g))
    out = body.node("Identity", new)
    graph = body.graph("step", [_declared(v, net, [b, m]) for v in (new, out)])
    start = net.store(np.zeros((b, m), net.float))
    _, ys = net.nodes_of("Scan", [start, net.transpose(x.name, 1, 0, 2)], 2, body=graph, num_scan_inputs=1)
    return x.named(net.transpose(ys, 1, 0, 2), m)
