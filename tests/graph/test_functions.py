"""Model-local functions become the nodes that they stand for."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import finish, from_proto, load, normalize, save, to_proto
from tests.graph.helpers import assert_same, model, noise, ops

TEXT = """
<ir_version: 9, opset_import: ["": 18, "local": 1]>
g (float[2,4] x) => (float[2,3] y) <float[4,3] w, float[3] b>
{
    h = local.linear <bias = 2.0> (x, w, b)
    y = local.outer (h)
}
<domain: "local", opset_import: ["": 18]>
linear <bias> (x, w, b) => (y)
{
    k = Constant <value_float: float = @bias> ()
    m = MatMul(x, w)
    s = Mul(b, k)
    y = Add(m, s)
}
<domain: "local", opset_import: ["": 18, "local": 1]>
outer (x) => (y) { t = local.inner(x) y = Neg(t) }
<domain: "local", opset_import: ["": 18]>
inner (x) => (y) { y = Relu(x) }
"""


def functional() -> onnx.ModelProto:
    proto = onnx.parser.parse_model(TEXT.replace(" <float[4,3] w, float[3] b>", ""))
    weights = {"w": noise(4, 3), "b": noise(3)}
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in weights.items())
    return proto


def test_functions_are_inlined_and_run_the_same(tmp_path: Path) -> None:
    source, saved = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(functional(), source)
    loaded = normalize(load(source))
    assert ops(loaded) == ["MatMul", "Mul", "Add", "Relu", "Neg"]
    save(finish(loaded), saved)
    onnx.checker.check_model(saved, full_check=True)
    assert_same(source, saved, {"x": noise(2, 4, seed=3)})


def test_functions_of_another_opset_stay() -> None:
    proto = model("g (float[2] x) => (float[2] y) { y = local.f(x) }", ir=9, local=1)
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    function = onnx.helper.make_function("local", "f", ["x"], ["y"], [node], [onnx.helper.make_opsetid("", 17)])
    proto.functions.append(function)
    saved = to_proto(finish(normalize(from_proto(proto))))
    assert list(saved.functions) == [function] or ops(saved) == ["Relu"]


RECURSIVE = """
<ir_version: 9, opset_import: ["": 18, "local": 1]>
g (float[2,4] x) => (float[2,4] y) { y = local.outer (x) }
<domain: "local", opset_import: ["": 18, "local": 1]>
outer (x) => (y) { t = local.inner(x) y = Neg(t) }
<domain: "local", opset_import: ["": 18, "local": 1]>
inner (x) => (y) { y = local.outer(x) }
"""


def test_recursive_functions_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"^model: the function local\.inner calls itself, directly or through others$"
    ):
        from_proto(onnx.parser.parse_model(RECURSIVE))


def test_calls_in_bodies_count() -> None:
    proto = onnx.parser.parse_model(RECURSIVE)
    inner = proto.functions[1]
    node = inner.node[0]
    branch = onnx.helper.make_graph([node], "b", [], [onnx.helper.make_tensor_value_info("y", 1, [2])])
    made = onnx.helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    del inner.node[:]
    inner.node.append(made)
    with pytest.raises(InputError, match="calls itself"):
        from_proto(proto)


def test_weights_inside_functions(tmp_path: Path) -> None:
    proto = model("g (float[2,40] x) => (float[2,50] y) { y = local.f(x) }", ir=9, local=1)
    weights = onnx.numpy_helper.from_array(noise(40, 50))
    nodes = [
        onnx.helper.make_node("Constant", [], ["w"], value=weights),
        onnx.helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    opsets = [onnx.helper.make_opsetid("", 18)]
    proto.functions.append(onnx.helper.make_function("local", "f", ["x"], ["y"], nodes, opsets))
    source, saved = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(proto, source)
    loaded = normalize(load(source))
    assert np.array_equal(loaded.graph.nodes[0].inputs[1].values, noise(40, 50))
    save(finish(loaded), saved)
    assert_same(source, saved)
