"""Bodies, dynamic shapes, tensors inside, and chains that become one function."""

import numpy as np
import pytest
import torch

from onnxprune.lift.module import Lifted
from tests.lift.comparing import gap, lifted, tensors

BERT = """g (float[2,3,8] x, float[2,1,3,3] m) => (float[2,3,8] y) <float[8,8] q, float[8] qb, float[8,8] k,
    float[8,8] v, float s = {0.5}, int64[4] r = {0, 0, 2, 4}, int64[3] f = {0, 0, 8}, float[8,16] u,
    float[16] ub, float[16,8] d, float t = {1.4142135}, float o = {1}, float h = {0.5}, float e =
    {0.00001}, int64[1] a = {-1}, float two = {2}, float[8] g1, float[8] b1> { qa = MatMul(x, q) qc =
    Add(qa, qb) ka = MatMul(x, k) va = MatMul(x, v) qr = Reshape(qc, r) kr = Reshape(ka, r) vr =
    Reshape(va, r) qt = Transpose <perm = [0, 2, 1, 3]> (qr) kt = Transpose <perm = [0, 2, 3, 1]> (kr)
    vt = Transpose <perm = [0, 2, 1, 3]> (vr) sc = MatMul(qt, kt) ss = Mul(sc, s) sm = Add(ss, m) p =
    Softmax(sm) z = MatMul(p, vt) zt = Transpose <perm = [0, 2, 1, 3]> (z) zf = Reshape(zt, f) ua =
    MatMul(zf, u) uc = Add(ua, ub) g0 = Div(uc, t) g2 = Erf(g0) g3 = Add(g2, o) g4 = Mul(uc, g3) g5 =
    Mul(g4, h) dd = MatMul(g5, d) mn = ReduceMean <keepdims = 1> (dd, a) ce = Sub(dd, mn) sq = Pow(ce,
    two) va2 = ReduceMean <keepdims = 1> (sq, a) ve = Add(va2, e) sd = Sqrt(ve) nd = Div(ce, sd) ns =
    Mul(nd, g1) nb = Add(ns, b1) sg = Sigmoid(nb) y = Mul(nb, sg) }"""


def _feeds() -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(0)
    return tensors({k: rng.standard_normal(s).astype(np.float32) for k, s in (("x", (2, 3, 8)), ("m", (2, 1, 3, 3)))})


def _ops(module: Lifted, *keep: str) -> list[str]:
    kept = frozenset(module._layout.places[name] for name in keep)
    return [step.call.op for step in module._fast(kept).steps]


def test_chains_become_one_step_and_compute_the_same() -> None:
    assert gap(BERT) <= 1e-5
    left = _ops(lifted(BERT))
    assert not {"Softmax", "Erf", "Sqrt", "Sigmoid", "ReduceMean", "Div"} & set(left)
    assert len(left) == 3 * 2 + 3 + 1 + 2 + 1 + 1 + 1 + 1 + 1  # projections, their axes, attention, its axes, ...


@pytest.mark.parametrize("name", ["sc", "p", "qa", "g2", "sq", "sg", "sd"])
def test_what_is_asked_for_is_there_and_right(name: str) -> None:
    module, feeds = lifted(BERT), _feeds()
    plain = module(feeds, module.names)
    found = module(feeds, [name])
    assert set(found) == {"y", name}
    assert torch.allclose(found[name], plain[name], atol=1e-5)
    assert torch.allclose(found["y"], module(feeds)["y"], atol=1e-5)
    assert len(_ops(module)) < len(_ops(module, name)) < len(_ops(module, *module.names))


def test_gradients_are_those_of_the_plain_steps() -> None:
    one, other = lifted(BERT), lifted(BERT)
    one(_feeds())["y"].square().sum().backward()
    other(_feeds(), other.names)["y"].square().sum().backward()
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        gradients = [p.grad for p in (a, b) if p.grad is not None]
        assert len(gradients) == 2, name
        assert torch.allclose(*gradients, rtol=1e-3, atol=1e-4), name


def test_a_number_that_is_learned_is_no_constant() -> None:
    """A bias of one entry, which training moves: nothing may remember what it was."""
    module = lifted(
        "g (float[2,4] x) => (float[2,1] y) <float[4,1] w, float[1,1,1] t> { h = MatMul(x, w) y = Tanh(h) }"
    )
    first = module({"x": torch.ones(2, 4)})["y"].detach()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2)
    assert not torch.allclose(first, module({"x": torch.ones(2, 4)})["y"])


def test_a_graph_that_rounds_stays_as_it_is() -> None:
    text = """g (float[2,4] x) => (float[2,3] y) <float[4,3] w, float[3] b, float s = {0.1}>
    { q = QuantizeLinear(x, s) d = DequantizeLinear(q, s) h = MatMul(d, w) y = Add(h, b) }"""
    assert _ops(lifted(text)) == ["QuantizeLinear", "DequantizeLinear", "MatMul", "Add"]


def test_dynamic_shapes() -> None:
    text = """g (float[N,S,4] x) => (float[A,B,C] y) <float[4,6] w, int64[1] z = {0}, int64[1] e = {1}, int64[1] k
    = {-1}> { h = MatMul(x, w) s = Shape(h) b = Slice(s, z, e) t = Concat <axis = 0> (b, k, e) y =
    Reshape(h, t) }"""
    module = lifted(text)
    for n, s in ((1, 2), (3, 5)):
        assert module({"x": torch.ones(n, s, 4)})["y"].shape == (n, 6 * s, 1)


LOOP = """g (float[2,4] x, int64 n) => (float[2,4] y, float[K,2,4] all) <float[4,4] w, bool t = {1}> { h =
    Relu(x) y, all = Loop (n, t, h) <body = r (int64 i, bool k, float[2,4] s) => (bool o, float[2,4] e,
    float[2,4] each) { m = MatMul(s, w) e = Tanh(m) each = Neg(e) o = Identity(k) }> }"""
SCAN = """g (float[3,2,4] x) => (float[2,4] y, float[3,2,4] all) <float[2,4] z, float[4,4] w> { y, all = Scan
    <num_scan_inputs = 1, scan_input_directions = [1], scan_output_directions = [1], body = r
    (float[2,4] s, float[2,4] u) => (float[2,4] e, float[2,4] each) { m = MatMul(s, w) a = Add(m, u) e =
    Tanh(a) each = Neg(e) }> (z, x) }"""
IF = """g (float[2,4] x, bool c) => (float[2,4] y) <float[4,4] w> { h = MatMul(x, w) y = If (c) <then_branch
    = one () => (float[2,4] u) { u = Tanh(h) }, else_branch = two () => (float[2,4] v) { v = Neg(h) }> }"""


@pytest.mark.parametrize("rounds", [1, 3])
def test_loop(rounds: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    assert gap(LOOP, feeds={"x": x, "n": np.array(rounds)}) <= 1e-5


def test_scan() -> None:
    assert gap(SCAN) <= 1e-5


@pytest.mark.parametrize("condition", [True, False])
def test_if(condition: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    assert gap(IF, feeds={"x": x, "c": np.array(condition)}) <= 1e-5


def test_gradients_flow_through_every_round() -> None:
    module = lifted(LOOP)
    module({"x": torch.ones(2, 4), "n": torch.tensor(3)})["all"].sum().backward()
    (parameter,) = module.parameters()
    assert parameter.grad is not None
    assert bool((parameter.grad != 0).any())
