"""Layers that read the same tensor: the provider makes one node of them, which gives what they would by themselves."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from onnxprune.graph import ACTIVATIONS, from_bytes, pack, pack_groups, sparse_matmul, to_proto, use_domain
from onnxprune.runtime import run
from tests.runtime.plugin.models import close, cpu, everything, model, noise, opened, sparse, taken

K = 96


@dataclass(frozen=True)
class Member:
    """added: X is added to the product, which then has as many outputs as inputs"""

    n: int
    block: tuple[int, int] = (32, 4)
    activation: str = "none"
    biased: bool = False
    added: bool = False
    int8: bool = True

    @property
    def outputs(self) -> int:
        return K if self.added else self.n


def siblings(members: Sequence[Member], rank: int = 2) -> bytes:
    """A model of SparseMatMul nodes y0, y1, ... over one x."""
    axes = ", ".join("abc"[: rank - 1])
    made = ", ".join(f"float[{axes}, {one.outputs}] y{i}" for i, one in enumerate(members))
    copies = "  ".join(f"y{i} = Identity(x)" for i in range(len(members)))
    carrier = from_bytes(model(f"g (float[{axes}, {K}] x) => ({made}) {{ {copies} }}"))
    graph, x = carrier.graph, carrier.graph.inputs[0]
    for node in graph.nodes:
        node.outputs.clear()
    graph.nodes[:] = [_node(i, one, x, graph.outputs[i]) for i, one in enumerate(members)]
    use_domain(carrier)
    return to_proto(carrier).SerializeToString()


def _node(i: int, member: Member, x: gs.Tensor, y: gs.Tensor) -> gs.Node:
    n = member.outputs
    packed = pack(sparse(K, n, member.block, kept=0.5, seed=i), member.block, int8=member.int8)
    bias = gs.Constant(f"bias{i}", noise(n, seed=i)) if member.biased else None
    residual = x if member.added else None
    return sparse_matmul(packed, x, y, name=f"layer{i}", bias=bias, residual=residual, activation=member.activation)


def apart(made: bytes, threads: int = 1):
    """A session in which nobody makes a family of them."""
    return opened(made, provider=False, threads=threads)


MEMBER = st.builds(
    Member,
    st.integers(1, 140),
    st.sampled_from([(32, 4), (16, 4), (8, 4), (4, 4), (4, 1), (16, 1), (8, 8)]),
    st.sampled_from(ACTIVATIONS),
    st.booleans(),
    st.booleans(),
)


@given_settings(max_examples=40)
@given(st.lists(MEMBER, min_size=2, max_size=4), st.integers(1, 70), st.sampled_from([1, 2, 3]), st.integers(0, 99))
def test_random_int8_siblings_give_the_same_to_the_bit(members, m, threads, seed):
    made, feeds = siblings(members), {"x": noise(m, K, seed=seed)}
    together, expected = opened(made, threads=threads), run(apart(made, threads), feeds)
    assert taken(together) == [["SparseMatMul"] * len(members)]
    for _ in range(3):  # later runs share work out, once the session's threads have been seen
        found = run(together, feeds)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("rows", [1, 9, 50])
@pytest.mark.parametrize("block", [(64, 1), (8, 1), (1, 1), (8, 8)], ids=str)
def test_float_siblings_and_those_of_both_kinds(block, rows):
    members = [Member(70, block, int8=False), Member(48), Member(16, block, "gelu_erf", biased=True, int8=False)]
    made, feeds = siblings(members), {"x": noise(rows, K)}
    loaded, expected = opened(made, threads=2), run(apart(made), feeds)
    assert taken(loaded) == [["SparseMatMul"] * 3]
    for _ in range(3):
        found = run(loaded, feeds)
        assert all(close(found[name], expected[name]) for name in expected)


def test_siblings_in_groups_are_left_to_the_operator():
    weight = noise(K, 32)
    weight.reshape(-1, 4, 32)[:, 2:] = 0
    grouped = pack_groups(weight, (2, 4))
    carrier = from_bytes(siblings([Member(32), Member(32)]))
    graph = carrier.graph
    for node in graph.nodes:
        node.outputs.clear()
    x, outputs = graph.inputs[0], enumerate(graph.outputs)
    graph.nodes[:] = [sparse_matmul(grouped, x, y, name=f"layer{i}") for i, y in outputs]
    made, feeds = to_proto(carrier).SerializeToString(), {"x": noise(9, K)}
    loaded = opened(made)
    assert taken(loaded) == []
    assert close(run(loaded, feeds)["y1"], feeds["x"] @ weight)


def test_a_layer_without_siblings_is_left_to_the_operator():
    assert taken(opened(siblings([Member(32)]))) == []


def test_many_siblings_are_several_nodes():
    made = siblings([Member(8 + i, (8, 4)) for i in range(11)], rank=3)
    loaded, feeds = opened(made), {"x": noise(2, 7, K)}
    assert sorted(len(family) for family in taken(loaded)) == [3, 8]
    found, expected = run(loaded, feeds), run(apart(made), feeds)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_calls_from_four_threads():
    made = siblings([Member(64), Member(40, (4, 4), "silu"), Member(96, (16, 4), biased=True)])
    loaded, alone = opened(made, threads=2), apart(made)
    inputs = [noise(1 + 23 * (i % 5), K, seed=i) for i in range(30)]
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda x: loaded.run(None, {"x": x}), inputs))
    for x, made_of_it in zip(inputs, found, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(made_of_it, alone.run(None, {"x": x}), strict=True))


def test_no_rows():
    found = run(opened(siblings([Member(8), Member(16)])), {"x": noise(0, K)})
    assert [found[name].shape for name in ("y0", "y1")] == [(0, 8), (0, 16)]


PROJECTIONS = f"""g (float[a, b, {K}] x) => (float[a, b, 48] q, float[a, b, 64] v, float[a, b, 64] s) {{
    q0 = MatMul(x, Q)  q = Add(q0, B)
    k0 = MatMul(x, K)  k = Relu(k0)
    v = MatMul(x, V)
    s = Mul(k, v) }}"""
WEIGHTS = {
    "Q": sparse(K, 48, (16, 1), kept=0.3),
    "K": sparse(K, 64, (1, 1), kept=0.1, seed=1),
    "V": sparse(K, 64, (64, 1), kept=0.5, seed=2),
    "B": noise(48),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [1, 40])
def test_projections_of_one_tensor(rows, threads):
    made, feeds = model(PROJECTIONS, WEIGHTS), {"x": noise(2, rows, K)}
    loaded, expected = everything(made, threads=threads), cpu(made, feeds)
    assert taken(loaded) == [["Add", "MatMul", "MatMul", "MatMul", "Relu"]]
    for _ in range(3):
        found = run(loaded, feeds)
        assert all(close(found[name], expected[name]) for name in expected)


def test_a_layer_that_reads_what_its_sibling_makes_is_no_part_of_the_family():
    text = f"""g (float[a, {K}] x) => (float[a, {K}] y, float[a, {K}] z) {{
        y = MatMul(x, A)  r = Neg(y)  u = MatMul(x, B)  z = Add(u, r) }}"""
    made = model(text, {"A": sparse(K, K), "B": sparse(K, K, seed=1)})
    feeds = {"x": noise(5, K)}
    found, expected = run(everything(made), feeds), cpu(made, feeds)
    assert all(close(found[name], expected[name]) for name in expected)


def test_a_residual_that_a_sibling_makes():
    carrier = from_bytes(siblings([Member(K), Member(K), Member(K, (16, 4))]))
    first, second, _ = carrier.graph.nodes
    second.inputs.extend([gs.Variable.empty()] * (7 - len(second.inputs)))
    second.inputs[6] = first.outputs[0]
    made = to_proto(carrier).SerializeToString()
    loaded, feeds = opened(made), {"x": noise(5, K)}
    assert taken(loaded) == [["SparseMatMul"] * 2]
    found, expected = run(loaded, feeds), run(apart(made), feeds)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_an_input_of_another_width_is_an_error():
    text = "g (float[a, k] x) => (float[a, 48] q, float[a, 64] v) { q = MatMul(x, Q)  v = MatMul(x, V) }"
    loaded = everything(model(text, {name: WEIGHTS[name] for name in "QV"}))
    with pytest.raises(Exception, match=f"can't be multiplied by a weight with {K} inputs"):
        run(loaded, {"x": noise(3, K + 1)})


def test_siblings_in_float16_are_left_to_the_operator():
    made = onnx.ModelProto.FromString(siblings([Member(32), Member(48, (8, 4))]))
    for value in (*made.graph.input, *made.graph.output):
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    text, x = made.SerializeToString(), noise(9, K).astype(np.float16)
    loaded, alone = opened(text), apart(text)
    assert taken(loaded) == []
    assert all(
        np.array_equal(*pair) for pair in zip(loaded.run(None, {"x": x}), alone.run(None, {"x": x}), strict=True)
    )
