"""Weights in all shapes: however a file spells them, and whatever is computed of them, they are pruned and proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import ModelProto, SparseTensorProto, TensorProto, helper, numpy_helper

from onnxprune.graph import from_proto, normalize
from onnxprune.pruning import Options, Target, optimize
from onnxprune.runtime import run, runnable_inputs, session
from tests.oracle import build, check

BEHIND = "z = Relu(h) y = MatMul(z, b) }"

COMPUTED: dict[str, tuple[str, dict[str, int]]] = {
    "embedding and head are one, transposed": (
        """g (int64[2,3] i) => (float[] y)
           <float[7,6] a, float[6,5] u, float[5,6] d> { h = Gather(a, i) p = MatMul(h, u)
           r = Relu(p) q = MatMul(r, d) s = Add(h, q) t = Transpose(a) y = MatMul(s, t) }""",
        {"a[1]": 6, "u[1]": 5},
    ),
    "embedding and head are one, in a Gemm": (
        """g (int64[3] i) => (float[] y) <float[7,6] a>
           { h = Gather(a, i) s = Sigmoid(h) y = Gemm <transB = 1> (s, a) }""",
        {"a[1]": 6},
    ),
    "weight normalisation of two layers": (
        """g (float[2,4] x) => (float[] y)
           <float[6,4] v, float[6,1] s, float[3,6] b, float[3,1] c, int64[1] k = {1}>
           { n = ReduceL2(v, k) q = Div(v, n) w = Mul(q, s) t = Transpose(w) h = MatMul(x, t) z = Relu(h)
             m = ReduceL2(b, k) e = Div(b, m) f = Mul(e, c) u = Transpose(f) y = MatMul(z, u) }""",
        {"v[0]": 6},
    ),
    "weight normalisation in small steps": (
        """g (float[2,4] x) => (float[] y)
           <float[6,4] v, float[6,1] s, float[6,3] b, int64[1] k = {1}, float two = {2}>
           { p = Pow(v, two) r = ReduceSum(p, k) n = Sqrt(r) q = Div(v, n) w = Mul(q, s) t = Transpose(w)
             h = MatMul(x, t) BEHIND""",
        {"r/value[0]": 6},
    ),
    "weight standardisation": (
        """g (float[2,3,8] x) => (float[] y)
           <float[6,3,3] v, float[4,6,1] b, int64[2] k = {1, 2}, float o = {0.001}>
           { m = ReduceMean(v, k) d = Sub(v, m) s = Mul(d, d) q = ReduceMean(s, k) e = Add(q, o) r = Sqrt(e)
             w = Div(d, r) h = Conv(x, w) z = Relu(h) y = Conv(z, b) }""",
        {"v[0]": 6},
    ),
    "spectral normalisation": (
        """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6] u, float[4] v, float[6,3] b>
           { k = MatMul(v, a) s = MatMul(k, u) w = Div(a, s) h = MatMul(x, w) BEHIND""",
        {"a[1]": 6},
    ),
    "a correction of low rank": (
        """g (float[2,4] x) => (float[] y) <float[4,2] l, float[2,6] m, float[4,6] a, float[6,3] b>
           { k = MatMul(l, m) w = Add(a, k) h = MatMul(x, w) BEHIND""",
        {"l[1]": 2, "m[1]": 6},
    ),
    "masked": (
        """g (float[2,4] x) => (float[] y) <float[4,6] a, bool[4,6] m, float o = {0}, float[6,3] b>
           { w = Where(m, a, o) h = MatMul(x, w) BEHIND""",
        {"m[1]": 6},
    ),
    "reshaped": (
        """g (float[2,4] x) => (float[] y) <float[24] a, int64[2] s = {4, 6}, float[6,3] b>
           { w = Reshape(a, s) h = MatMul(x, w) BEHIND""",
        {"a[0].2": 6},
    ),
    "axes come and go": (
        """g (float[2,4,5] x) => (float[] y) <float[6,4] a, int64[1] two = {2}, float[1,3,6,1] b, int64[1] o = {0}>
           { w = Unsqueeze(a, two) h = Conv(x, w) z = Relu(h) v = Squeeze(b, o) y = Conv(z, v) }""",
        {"a[0]": 6},
    ),
    "halves in another order": (
        """g (float[2,4] x) => (float[] y)
           <float[4,12] a, int64[1] o = {0}, int64[1] m = {6}, int64[1] e = {12}, int64[1] k = {1}, float[12,3] b>
           { p = Slice(a, o, m, k) q = Slice(a, m, e, k) w = Concat <axis = 1> (q, p) h = MatMul(x, w) BEHIND""",
        {"a[1]": 6, "a[1].2": 6},
    ),
    "two stored side by side": (
        """g (float[2,4] x) => (float[] y) <float[4,6] a, float[4,5] c, float[11,3] b>
           { w = Concat <axis = 1> (a, c) h = MatMul(x, w) BEHIND""",
        {"a[1]": 6, "c[1]": 5},
    ),
    "a packed bias, taken to pieces": (
        """g (float[2,4] x) => (float[] y)
           <float[4,5] a, float[5,6] c, float[11] d, int64[1] o = {0}, int64[1] m = {5}, int64[1] e = {11},
           float[6,3] b>
           { p = Slice(d, o, m) q = Slice(d, m, e) f = MatMul(x, a) g = Add(f, p) k = Relu(g) l = MatMul(k, c)
           h = Add(l, q) BEHIND""",
        {"d[0]": 5, "d[0].2": 6},
    ),
    "half precision, scaled": (
        """g (float[2,4] x) => (float[] y) <float16[4,6] a, float[6] s, float[6,3] b>
           { c = Cast <to = 1> (a) i = Identity(c) w = Mul(i, s) h = MatMul(x, w) BEHIND""",
        {"a[1]": 6},
    ),
    "filled": (
        """g (float[2,4] x) => (float[] y) <int64[2] s = {4, 6}, float[6] c, float[6,3] b>
           { w = ConstantOfShape <value = float[1] {0.5}> (s) k = MatMul(x, w) h = Add(k, c) BEHIND""",
        {"c[0]": 6},
    ),
    "used twice in one way": (
        """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,4] b>
           { h = MatMul(x, a) r = Relu(h) u = MatMul(r, b) k = MatMul(u, a) q = Relu(k) y = MatMul(q, b) }""",
        {"a[1]": 6},
    ),
    "used twice in different ways": (
        """g (float[2,6] x) => (float[] y) <float[6,6] a, float[6,5] c, float[5,3] b>
           { h = MatMul(x, a) r = Relu(h) u = MatMul(r, a) q = Relu(u) k = MatMul(q, c) w = Relu(k) y =
           MatMul(w, b) }""",
        {"c[1]": 5},
    ),
    "used in both branches": (
        """g (float[2,4] x, bool t) => (float[] y) <float[6,4] a, float[6,3] b> { w = Transpose(a)
           y = If (t) <then_branch = p () => (float[2,3] u) { h = MatMul(x, w) s = Sigmoid(h) u = MatMul(s, b) },
                       else_branch = q () => (float[2,3] v) { k = MatMul(x, w) r = Relu(k) v = MatMul(r, b) }> }""",
        {"a[0]": 6},
    ),
    "given out by the model": (
        """g (float[2,4] x) => (float[] y, float[2,6] h) <float[4,5] c, float[5,6] a, float[6,3] b>
           { k = MatMul(x, c) h = MatMul(k, a) BEHIND""",
        {"c[1]": 5},
    ),
    "several inputs and outputs": (
        """g (float[2,4] x, float[2,5] u) => (float[] y, float[] v)
           <float[4,6] a, float[5,6] c, float[6,3] b, float[6,2] d>
           { h = MatMul(x, a) k = MatMul(u, c) s = Add(h, k) z = Relu(s) y = MatMul(z, b) v = MatMul(z, d) }""",
        {"a[1]": 6},
    ),
    "batch and image of open size": (
        """g (float[N,3,H,W] x) => (float[] y) <float[8,3,3,3] a, float[4,8,1,1] b>
           { h = Conv <pads = [1, 1, 1, 1]> (x, a) z = Relu(h) y = Conv(z, b) }""",
        {"a[0]": 8},
    ),
    "batch and sequence of open size": (
        """g (float[B,S,4] x) => (float[] y)
           <float[4,6] a, float[6] c, float[6,3] b> { k = MatMul(x, a) h = Add(k, c) BEHIND""",
        {"a[1]": 6},
    ),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_weights(name: str) -> None:
    text, groups = COMPUTED[name]
    assert check(text.replace("BEHIND", BEHIND), groups=groups).ok


TYPED = """g ({0}[2,4] x) => ({0}[] y) <{0}[4,6] a, {0}[6] c, {0}[6,3] b>
           {{ k = MatMul(x, a) h = Add(k, c) z = Relu(h) y = MatMul(z, b) }}"""
CAST = """g (float[2,4] x) => (float[] y) <{0}[4,6] a, {0}[6] c, {0}[6,3] b>
          {{ d = Cast <to = 1> (a) e = Cast <to = 1> (c) f = Cast <to = 1> (b)
             k = MatMul(x, d) h = Add(k, e) z = Relu(h) y = MatMul(z, f) }}"""
PER_AXIS = """g (float[2,4] x) => (float[] y) <{0}[4,6] a, float[6] scale, {0}[6,3] b, float scales>
              {{ w = DequantizeLinear <axis = 1> (a, scale) h = MatMul(x, w) z = Relu(h)
                 v = DequantizeLinear(b, scales) y = MatMul(z, v) }}"""
IN_BLOCKS = """g (float[2,8] x) => (float[] y) <{0}[6,8] a, float[6,2] scale, float[6,3] b>
               {{ w = DequantizeLinear <axis = 1, block_size = 4> (a, scale) t = Transpose(w)
                  h = MatMul(x, t) z = Relu(h) y = MatMul(z, b) }}"""


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        *((TYPED, dtype) for dtype in ("float16", "double")),
        *((CAST, dtype) for dtype in ("float16", "bfloat16", "double", "float8e4m3fn")),
        *((PER_AXIS, dtype) for dtype in ("int8", "uint8", "int4", "uint4", "float8e4m3fn", "float8e5m2")),
        *((IN_BLOCKS, dtype) for dtype in ("int8", "int4", "uint4")),
    ],
)
def test_types(text: str, dtype: str) -> None:
    assert check(text.format(dtype)).ok


# ------------------------------------------------------------------------------------------------- spellings of a file

RNG = np.random.default_rng(0)
A, C, B = (RNG.standard_normal(shape).astype(np.float32) for shape in ((32, 64), (64,), (64, 16)))
THIN = A * (RNG.random(A.shape) < 0.1)
WEIGHTS = {"a": A, "c": C, "b": B}


def mlp(opset: int = 21, ir: int = 10, /, **weights: np.ndarray) -> ModelProto:
    text = f"""<ir_version: {ir}, opset_import: ["": {opset}]> g (float[2,32] x) => (float[2,16] y)
        {{ k = MatMul(x, a) h = Add(k, c) z = Relu(h) y = MatMul(z, b) }}"""
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in weights.items())
    return proto


def constant(name: str, **value: object) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], **value)


def thin(name: str) -> SparseTensorProto:
    indices = np.flatnonzero(THIN)
    values = numpy_helper.from_array(THIN.ravel()[indices], name)
    return helper.make_sparse_tensor(values, numpy_helper.from_array(indices), list(THIN.shape))


def constants() -> ModelProto:
    """Every way in which a Constant node spells numbers."""
    proto = mlp(b=B)
    del proto.graph.node[:]
    made = [
        constant("a", value=numpy_helper.from_array(A)),
        constant("c", value_floats=C.tolist()),
        constant("two", value_float=2.0),
        constant("shape", value_ints=[2, -1]),
        constant("one", value_int=1),
    ]
    proto.graph.node.extend([*made, *mlp().graph.node[:3]])
    proto.graph.node.extend(
        [
            helper.make_node("Mul", ["z", "two"], ["m"]),
            helper.make_node("Reshape", ["m", "shape"], ["r"]),
            helper.make_node("MatMul", ["r", "b"], ["y"]),
        ]
    )
    return proto


def sparse_constant() -> ModelProto:
    proto = mlp(c=C, b=B)
    proto.graph.node.insert(0, constant("a", sparse_value=thin("")))
    return proto


def sparse_initializer() -> ModelProto:
    proto = mlp(c=C, b=B)
    proto.graph.sparse_initializer.append(thin("a"))
    return proto


def declared(*header: int) -> ModelProto:
    """Stored tensors that are inputs too, as IR version 3 demands and later ones allow."""
    proto = mlp(*header, **WEIGHTS)
    proto.graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape) for name, values in WEIGHTS.items()
    )
    return proto


SPELLINGS: dict[str, Callable[[], ModelProto]] = {
    "initializers": lambda: mlp(**WEIGHTS),
    "constant nodes": constants,
    "sparse constant": sparse_constant,
    "sparse initializer": sparse_initializer,
    "inputs with a default": declared,
    "inputs by necessity": lambda: declared(8, 3),
}


def _prune(source: Path, output: Path) -> None:
    result = optimize(source, output, Options(target=Target("macs", 0.5), bench=False))
    assert result.met and result.proof.ok, result.proof
    assert _bytes(output.parent) < 0.6 * _bytes(source.parent)
    found = session(output)
    assert all(np.isfinite(v).all() for v in run(found, runnable_inputs(found)).values())


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """The source and the pruned file, each in a folder of its own."""
    for name in ("dense", "pruned"):
        (tmp_path / name).mkdir()
    return tmp_path / "dense" / "model.onnx", tmp_path / "pruned" / "model.onnx"


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings(places: tuple[Path, Path], name: str) -> None:
    source, output = places
    onnx.save(SPELLINGS[name](), source)
    _prune(source, output)


@pytest.mark.parametrize("together", [True, False], ids=["one data file", "a data file for each"])
def test_external_data(places: tuple[Path, Path], together: bool) -> None:
    source, output = places
    onnx.save(mlp(**WEIGHTS), source, save_as_external_data=True, all_tensors_to_one_file=together, size_threshold=0)
    _prune(source, output)
    assert {file.name for file in output.parent.iterdir()} == {"model.onnx", "model.onnx.data"}


def test_a_statistic_that_is_stored_is_the_dense_one() -> None:
    """Only the norm itself is stored; the division stays, and the units of both layers are free of it."""
    proto = build(COMPUTED["weight normalisation of two layers"][0])
    graph = normalize(from_proto(proto)).graph
    weight = ["Div", "Mul", "Transpose", "MatMul"]
    assert [n.op for n in graph.nodes] == [*weight, "Relu", *weight]
    weights = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
    stored = {n.inputs[0].name: n.inputs[1].values for n in graph.nodes if n.op == "Div"}
    for name, values in stored.items():
        assert np.allclose(values, np.linalg.norm(weights[name], axis=1, keepdims=True), rtol=1e-6)
