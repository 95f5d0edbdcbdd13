"""Partial evaluation of shape arithmetic: what is known of tensors that are computed from lengths."""

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from onnxprune.graph import from_proto, graphs
from onnxprune.graph.values import MAX_ELEMENTS, Evaluator, fit
from tests.graph.helpers import model

OPSET = 18


def values(text: str, opset: int = OPSET) -> dict[str, object]:
    """What the evaluator finds, by tensor: nested lists of numbers, symbols and None. x is float[b,64,s]."""
    header = "g (float[b,64,s] x, int64[n] unknown, int64[2] two) => (float[b,64,s] x)"
    loaded = from_proto(model(f"{header} {{ {text} }}", opset=opset))
    evaluator, found = Evaluator(), {}
    for graph in graphs(loaded):
        for node in graph.nodes:
            evaluator.visit(node)
            for tensor in node.outputs:
                known = evaluator.find(tensor)
                found[tensor.name] = "?" if known is None else known.tolist()
    return found


def value(text: str, opset: int = OPSET) -> object:
    """What is found of the tensor `y`."""
    return values(text, opset)["y"]


SHAPES = "s = Shape(x)"
CASES = {
    # where lengths come from
    "y = Shape(x)": ["b", 64, "s"],
    "y = Shape <start = 1> (x)": [64, "s"],
    "y = Shape <start = -2, end = -1> (x)": [64],
    "y = Shape <end = 9> (x)": ["b", 64, "s"],
    "y = Shape(two)": [2],
    "y = Size(two)": 2,
    "y = Size(x)": "?",
    # picking
    "i = Constant <value_int = 1> () y = Gather(s, i)": 64,
    "i = Constant <value_int = -1> () y = Gather(s, i)": "s",
    "i = Constant <value_ints = [2, 0]> () y = Gather(s, i)": ["s", "b"],
    "i = Constant <value = int64[1, 2] {0, 1}> () y = Gather(s, i)": [["b", 64]],
    "i = Constant <value_int = 7> () y = Gather(s, i)": "?",
    "y = Gather(s, unknown)": "?",
    "i = Constant <value = int64[2, 1] {1, 0}> () y = GatherND(s, i)": [64, "b"],
    "i = Constant <value = int64[1, 1] {1}> () u = Constant <value_ints = [7]> () y = ScatterND(s, i, u)": [
        "b",
        7,
        "s",
    ],
    # windows
    "a = Constant <value_ints = [0]> () e = Constant <value_ints = [2]> () y = Slice(s, a, e)": ["b", 64],
    "a = Constant <value_ints = [-1]> () e = Constant <value_ints = [-9223372036854775807]> () "
    "z = Constant <value_ints = [0]> () m = Constant <value_ints = [-1]> () y = Slice(s, a, e, z, m)": ["s", 64, "b"],
    "a = Constant <value_ints = [1]> () e = Constant <value_ints = [9223372036854775807]> () "
    "m = Constant <value_ints = [1]> () y = Slice(s, a, e, '', m)".replace("''", ""): [64, "s"],
    # joining and splitting
    "k = Constant <value_ints = [-1]> () y = Concat <axis = 0> (s, k)": ["b", 64, "s", -1],
    "y = Concat <axis = 0> (s, two)": ["b", 64, "s", None, None],
    "y = Concat <axis = 0> (s, unknown)": "?",
    "k = Constant <value_ints = [1, 2]> () y, z = Split <axis = 0> (s, k)": ["b"],
    # layout
    "k = Constant <value_int = 0> () h = Gather(s, k) a = Constant <value_ints = [0]> () y = Unsqueeze(h, a)": ["b"],
    "k = Constant <value_int = 0> () h = Gather(s, k) a = Constant <value_ints = [0, 1]> () y = Unsqueeze(h, a)": [
        ["b"]
    ],
    "k = Constant <value_ints = [0]> () h = Gather(s, k) y = Squeeze(h)": "b",
    "k = Constant <value_ints = [-1, 1]> () y = Reshape(s, k)": [["b"], [64], ["s"]],
    "k = Constant <value_ints = [0]> () y = Reshape(s, k)": ["b", 64, "s"],
    "y = Flatten <axis = 0> (s)": [["b", 64, "s"]],
    "k = Constant <value_ints = [3, 1]> () r = Reshape(s, k) y = Transpose(r)": [["b", 64, "s"]],
    "k = Constant <value_ints = [2, 3]> () y = Expand(s, k)": [["b", 64, "s"], ["b", 64, "s"]],
    "k = Constant <value_ints = [2]> () y = Tile(s, k)": ["b", 64, "s", "b", 64, "s"],
    # filling and counting
    "k = Constant <value_ints = [2]> () y = ConstantOfShape <value = int64[1] {1}> (k)": [1, 1],
    "k = Constant <value_ints = [2]> () y = ConstantOfShape(k)": [0.0, 0.0],
    "k = Constant <value = int64[0] {}> () y = ConstantOfShape <value = int64[1] {5}> (k)": 5,
    "k = Constant <value_ints = [100000, 100000]> () y = ConstantOfShape(k)": "?",
    "y = ConstantOfShape(s)": "?",
    "a = Constant <value_int = 1> () e = Constant <value_int = 6> () d = Constant <value_int = 2> () "
    "y = Range(a, e, d)": [1, 3, 5],
    "a = Constant <value_int = 0> () e = Constant <value_int = 9000000000> () d = Constant <value_int = 1> () "
    "y = Range(a, e, d)": "?",
    "k = Constant <value_ints = [0, 3, 0, 5]> () y = NonZero(k)": [[1, 3]],
    # elementwise
    "y = Add(s, s)": [None, 128, None],
    "k = Constant <value_ints = [0]> () y = Add(k, s)": ["b", 64, "s"],
    "y = Sub(s, s)": [0, 0, 0],
    "k = Constant <value_ints = [0]> () y = Sub(k, s)": [None, -64, None],
    "k = Constant <value_ints = [1]> () y = Mul(k, s)": ["b", 64, "s"],
    "k = Constant <value_ints = [0]> () y = Mul(s, k)": [0, 0, 0],
    "k = Constant <value_ints = [1, -10, 2]> () y = Div(s, k)": ["b", -6, None],
    "y = Div(s, s)": [1, 1, 1],
    "k = Constant <value_ints = [0]> () y = Div(s, k)": "?",
    "k = Constant <value_ints = [-10]> () y = Mod(s, k)": [None, -6, None],
    "k = Constant <value_ints = [-10]> () y = Mod <fmod = 1> (s, k)": [None, 4, None],
    "k = Constant <value_ints = [2]> () y = Pow(s, k)": [None, 4096, None],
    "k = Constant <value_ints = [0]> () y = Max(s, k)": ["b", 64, "s"],
    "k = Constant <value_ints = [1]> () y = Max(s, k)": [None, 64, None],
    "k = Constant <value_ints = [9223372036854775807]> () y = Min(k, s)": ["b", 64, "s"],
    "k = Constant <value_ints = [-1]> () y = Min(s, k)": [-1, -1, -1],
    "k = Constant <value_ints = [3]> () z = Constant <value_ints = [90]> () y = Max(k, s, z)": [None, 90, None],
    "y = Max(s)": ["b", 64, "s"],
    "y = Neg(s)": "?",
    "y = Abs(s)": ["b", 64, "s"],
    "k = Constant <value_ints = [-3, 0, 5]> () y = Sign(k)": [-1, 0, 1],
    # comparing
    "k = Constant <value_ints = [-1]> () y = Equal(s, k)": [False, False, False],
    "k = Constant <value_ints = [64]> () y = Equal(s, k)": [None, True, None],
    "y = Equal(s, s)": [True, True, True],
    "k = Constant <value_ints = [0]> () y = GreaterOrEqual(s, k)": [True, True, True],
    "k = Constant <value_ints = [0]> () y = Less(s, k)": [False, False, False],
    "k = Constant <value_ints = [0]> () y = Less(k, s)": [None, True, None],
    "k = Constant <value_ints = [0]> () y = LessOrEqual(k, s)": [True, True, True],
    "k = Constant <value_ints = [-1]> () y = Greater(s, k)": [True, True, True],
    "k = Constant <value_ints = [5]> () y = Greater(s, k)": [None, True, None],
    "k = Constant <value = bool[2] {1, 0}> () y = Not(k)": [False, True],
    "k = Constant <value = bool[2] {1, 0}> () m = Constant <value = bool[2] {1, 1}> () y = And(k, m)": [True, False],
    # choosing
    "k = Constant <value_ints = [-1]> () c = Equal(s, k) y = Where(c, k, s)": ["b", 64, "s"],
    "k = Constant <value_ints = [64]> () c = Equal(s, k) y = Where(c, k, s)": [None, 64, None],
    "k = Constant <value_ints = [64]> () c = Equal(s, k) y = Where(c, s, s)": ["b", 64, "s"],
    # types
    "y = Cast <to = 1> (s)": ["b", 64.0, "s"],
    "f = Cast <to = 1> (s) y = Cast <to = 7> (f)": ["b", 64, "s"],
    "y = Cast <to = 9> (s)": [None, True, None],
    "y = Cast <to = 3> (s)": ["b", 64, "s"],
    "k = Constant <value_ints = [200]> () y = Cast <to = 3> (k)": [None],
    "k = Constant <value_floats = [2.9, -2.9]> () y = Cast <to = 7> (k)": [2, -2],
    "k = Constant <value = float[2] {inf, nan}> () y = Cast <to = 7> (k)": [None, None],
    "y = Cast <to = 8> (s)": [None, None, None],
    "k = Constant <value_ints = [9223372036854775807]> () y = Add(k, k)": [None],
    # reducing
    "y = ReduceProd <keepdims = 0> (s)": "64*b*s",
    "p = ReduceProd (s) y = Div(p, s)": ["64*s", "b*s", "64*b"],
    "k = Constant <value_ints = [3, 4]> () y = ReduceProd <keepdims = 0> (k)": 12,
    "k = Constant <value_ints = [3, 4]> () y = ReduceMax (k)": [4],
    "k = Constant <value = int64[2,2] {1, 2, 3, 4}> () a = Constant <value_ints = [1]> () y = ReduceSum(k, a)": [
        [3],
        [7],
    ],
    "k = Constant <value = int64[2,2] {1, 2, 3, 4}> () y = ReduceSum <noop_with_empty_axes = 1> (k)": [[1, 2], [3, 4]],
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=list(CASES))
def test_ops(text: str, expected: object) -> None:
    assert value(f"{SHAPES} {text}") == expected


def test_older_spellings() -> None:
    assert value("s = Shape(x) y = Slice <starts = [1], ends = [3]> (s)", opset=9) == [64, "s"]
    assert value("s = Shape(x) h = Slice <starts = [0], ends = [1]> (s) y = Squeeze <axes = [0]> (h)", opset=9) == "b"
    assert value("s = Shape(x) y, z = Split <axis = 0, split = [2, 1]> (s)", opset=9) == ["b", 64]
    assert value("s = Shape(x) h = Slice <starts = [1], ends = [2]> (s) y = ReduceProd <axes = [0]> (h)", opset=9) == [
        64
    ]


def test_arithmetic_has_the_precision_of_the_type() -> None:
    """10 times 0.7 is 7 in single precision, and just below in double: a length is the floor of it."""
    text = "k = Constant <value_floats = [10.0]> () f = Constant <value_floats = [0.7]> () m = Mul(k, f) y = Floor(m)"
    assert np.floor(np.float64(np.float32(0.7)) * 10) == 6
    assert value(text) == [7.0]


def test_an_op_of_another_domain_says_nothing() -> None:
    header = '<ir_version: 8, opset_import: ["": 18, "org": 1]> g (float[2] x) => (float[2] x)'
    loaded = from_proto(model(f"{header} {{ s = Shape(x) y = org.Identity(s) }}"))
    evaluator = Evaluator()
    for node in loaded.graph.nodes:
        evaluator.visit(node)
    assert evaluator.find(loaded.graph.nodes[1].outputs[0]) is None


def test_large_tensors_are_not_looked_at() -> None:
    class Untouchable(gs.Constant):  # type: ignore[misc]
        @property
        def values(self) -> np.ndarray:
            raise AssertionError("read")

    tensor = Untouchable("w", np.zeros(MAX_ELEMENTS + 1, np.int64))
    assert Evaluator().find(tensor) is None


@pytest.mark.parametrize("dtype", [np.dtype("V2"), np.dtype(object)])
def test_types_without_numbers(dtype: np.dtype) -> None:
    assert fit(np.array([1, "b", None], object), dtype).tolist() == [None, None, None]


def test_no_type_keeps_everything() -> None:
    assert fit(np.array([1, "b", None], object), None).tolist() == [1, "b", None]


# ----------------------------------------------------------------------------------- against onnx.reference

UNARY = ["Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Sqrt", "Reciprocal"]
BINARY = ["Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Mod"]
COMPARE = ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]


def reference(op: str, inputs: list[np.ndarray], **attrs: object) -> tuple[list[object], list[object]]:
    """What the evaluator and onnx.reference make of constants."""
    names = [f"c{i}" for i in range(len(inputs))]
    node = onnx.helper.make_node(op, names, ["y"], **attrs)
    kinds = [onnx.helper.np_dtype_to_tensor_dtype(v.dtype) for v in inputs]
    declared = [onnx.helper.make_tensor_value_info(n, k, v.shape) for n, k, v in zip(names, kinds, inputs, strict=True)]
    graph = onnx.helper.make_graph([node], "g", declared, [onnx.ValueInfoProto(name="y")])
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(proto).graph.output[0].type.tensor_type.elem_type
    made = gs.Variable("y", onnx.helper.tensor_dtype_to_np_dtype(inferred))
    constants = [gs.Constant(n, v) for n, v in zip(names, inputs, strict=True)]
    evaluator = Evaluator()
    evaluator.visit(gs.Node(op, attrs=attrs, inputs=constants, outputs=[made]))
    found = evaluator.find(made)
    expected = ReferenceEvaluator(proto).run(None, dict(zip(names, inputs, strict=True)))[0]
    return [] if found is None else found.ravel().tolist(), np.asarray(expected).ravel().tolist()


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(BINARY[:6] + COMPARE),
    st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 50)), min_size=1, max_size=5),
)
def test_integers_as_in_the_reference(op: str, pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    found, expected = reference(op, [a, b])
    assert found == expected or (op == "Div" and (a < 0).any())  # onnx.reference floors, runtimes truncate


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(UNARY[:6]), st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=5))
def test_floats_as_in_the_reference(op: str, numbers: list[float]) -> None:
    found, expected = reference(op, [np.array(numbers, np.float32)])
    assert found == expected


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("op", ["ReduceProd", "ReduceMax", "ReduceMin", "ReduceSum"])
def test_reductions_as_in_the_reference(op: str, keep: int) -> None:
    values = np.arange(1, 25).reshape(2, 3, 4)
    for axes in ([0], [1, 2], [-1, 0]):
        operands = [values, np.array(axes)]
        found, expected = reference(op, operands, keepdims=keep)
        assert found == expected
