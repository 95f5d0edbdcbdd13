"""SparseMatMul where X, Y and what is added are float16: the file's types on a GPU, widened on the CPU."""

from pathlib import Path

import numpy as np
import onnx_graphsurgeon as gs
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

from onnxprune.cli.app import app
from onnxprune.graph import ACTIVATIONS, from_bytes, pack, pack_groups, packed_of, sparse_matmul, spell_out, to_proto
from onnxprune.graph import use_domain as say_domain
from onnxprune.runtime import run, session
from tests.runtime.plugin.models import cpu, noise, sparse

HALF = np.float16


def halves(packed, *, biased=False, residual=False, activation="none"):
    """A model of a SparseMatMul between nodes of ONNX Runtime's own, y = 2 (...), all in float16."""
    sizes = {"x": ["m", packed.k], "residual": ["m", packed.n], "y": ["m", packed.n]}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT16, shape) for name, shape in sizes.items()}
    double = helper.make_node("Add", ["made", "made"], ["y"])
    inputs = [infos["x"], *([infos["residual"]] if residual else [])]
    proto = helper.make_model(
        helper.make_graph([helper.make_node("Identity", ["x"], ["made"]), double], "g", inputs, [infos["y"]]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    carrier = from_bytes(proto.SerializeToString())
    graph = carrier.graph
    made = graph.nodes[0].outputs[0]
    graph.nodes[0].outputs.clear()
    graph.nodes[0] = sparse_matmul(
        packed, graph.inputs[0], made, name="layer", activation=activation,
        bias=gs.Constant("bias", noise(packed.n, seed=3).astype(HALF)) if biased else None,
        residual=graph.inputs[1] if residual else None,
    )  # fmt: skip
    say_domain(carrier)
    return to_proto(carrier).SerializeToString()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("biased", "residual"), [(False, False), (True, True)])
def test_computes_what_its_dense_form_does(activation, biased, residual):
    model = halves(pack(sparse(64, 48).astype(HALF), (16, 1)), biased=biased, residual=residual, activation=activation)
    dense = from_bytes(model)
    assert spell_out(dense) == 1 and all(t.dtype in (HALF, None) for t in dense.graph.tensors().values())
    feeds = {"x": noise(5, 64).astype(HALF)} | ({"residual": noise(5, 48).astype(HALF)} if residual else {})
    found, wanted = run(session(model), feeds)["y"], cpu(to_proto(dense).SerializeToString(), feeds)["y"]
    assert found.dtype == HALF and np.allclose(found, wanted, rtol=4e-3, atol=4e-3 * np.abs(wanted).max())


def test_groups_and_bytes():
    weight = np.kron(sparse(16, 24, (1, 1), kept=1), [[1], [1], [0], [0]]).astype(HALF)
    x = noise(7, 64).astype(HALF)
    for packed, tolerance in ((pack_groups(weight, (2, 4)), 2e-3), (pack(weight, (8, 4), int8=True), 3e-2)):
        found, wanted = run(session(halves(packed)), {"x": x})["y"], 2 * x.astype(np.float32) @ weight
        assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


def test_rounds_to_the_nearest_half_as_numpy_does():
    """Every float16 there is, times numbers that leave the product exact in float32: only the end is rounded."""
    every = np.arange(1 << 16, dtype=np.uint16).view(HALF)
    every = every[np.isfinite(every)]
    x = np.resize(every, (-(-len(every) // 64), 64))
    factors = np.resize(np.array([1, 0.0003, 3, 1000, -0.7, 2**-10], HALF), 64)
    model = halves(pack(np.diag(factors), (16, 1)))
    found = run(session(model), {"x": x})["y"]
    with np.errstate(over="ignore", under="ignore"):
        wanted = (x.astype(np.float32) * factors.astype(np.float32)).astype(HALF)
        assert np.array_equal(found, wanted + wanted)


def test_a_model_in_float16_is_packed_from_the_command_line(tmp_path: Path):
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["a"], name="one"),
        helper.make_node("Add", ["a", "b1"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "w2", "b2"], ["y"], name="two", transB=1, alpha=0.5),
    ]
    shapes = {"w1": (128, 160), "b1": (160,), "w2": (64, 160), "b2": (64,)}
    stored = [helper.make_tensor(n, TensorProto.FLOAT16, s, noise(*s).astype(HALF)) for n, s in shapes.items()]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT16, [4, size]) for n, size in (("x", 128), ("y", 64))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], stored)
    path = tmp_path / "model.onnx"
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path.write_bytes(proto.SerializeToString())
    out = tmp_path / "small.onnx"
    words = ["optimize", str(path), "-o", str(out), "--pass", "sparsify{pattern=16x1,sparsity=0.5,where=all,ends=true}"]
    done = CliRunner().invoke(app, [*words, "--sparse-format", "op", "--data", "none"])
    assert done.exit_code == 0, done.output
    packed = from_bytes(out.read_bytes())
    assert [node.op for node in packed.graph.nodes] == ["SparseMatMul", "SparseMatMul"]
    assert all(packed_of(node).values.dtype == HALF for node in packed.graph.nodes)
    assert packed.graph.nodes[0].attrs["activation"] == "relu"
    x = noise(4, 128).astype(HALF)
    found = run(session(out), {"x": x})["y"]
    spell_out(packed)
    wanted = cpu(to_proto(packed).SerializeToString(), {"x": x})["y"]
    assert np.allclose(found, wanted, rtol=4e-3, atol=4e-3 * np.abs(wanted).max())
