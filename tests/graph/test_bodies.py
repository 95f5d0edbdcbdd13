"""Bodies of If, Loop and Scan."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.graph import all_stored, finish, from_proto, graphs, load, normalize, save, stored, to_proto
from tests.graph.helpers import assert_same, model, noise, round_trip, with_weights

IF = """
g (bool c, float[4] x) => (float[4] y) <float[4] w = {1.0, 2.0, 3.0, 4.0}>
{
    y = If (c) <
        then_branch = t () => (float[4] out) { h = Mul(x, w) out = Relu(h) },
        else_branch = e () => (float[4] out) { h = Sub(x, w) out = Neg(h) }
    >
}
"""

LOOP = """
g (int64 n, float[3] x) => (float[3] y, float[k,3] steps) <float[3] step = {1.0, 0.5, 0.25}, bool true = {1}>
{
    y, steps = Loop (n, true, x) <
        body = b (int64 i, bool go, float[3] state) => (bool on, float[3] next, float[3] seen) {
            on = Identity(go)
            next = Add(state, step)
            seen = Mul(next, x)
        }
    >
}
"""

SCAN = """
g (float[2] start, float[5,2] x) => (float[2] end, float[5,2] all) <float[2] bias = {0.5, -0.5}>
{
    end, all = Scan <
        num_scan_inputs = 1,
        body = b (float[2] state, float[2] item) => (float[2] next, float[2] seen) {
            s = Add(state, item)
            next = Add(s, bias)
            seen = Identity(next)
        }
    > (start, x)
}
"""

NESTED = """
g (bool c, bool d, float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}>
{
    y = If (c) <
        then_branch = t () => (float[2] out) {
            a = Mul(x, w)
            out = If (d) <
                then_branch = tt () => (float[2] o) { o = Add(a, w) },
                else_branch = te () => (float[2] o) { b = Neg(a) o = Add(b, x) }
            >
        },
        else_branch = e () => (float[2] out) { out = Neg(x) }
    >
}
"""


def both(proto: onnx.ModelProto, **feeds: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Feeds under each value of the condition."""
    return [{"c": np.array(c), **feeds} for c in (True, False)]


@pytest.mark.parametrize("text", [IF, LOOP, SCAN, NESTED], ids=["If", "Loop", "Scan", "nested"])
def test_bodies_that_read_outer_tensors(text: str, tmp_path: Path) -> None:
    saved = round_trip(model(text), tmp_path)
    assert len(saved.graph.initializer) == len(model(text).graph.initializer)


def test_both_branches_run_the_same(tmp_path: Path) -> None:
    round_trip(model(IF), tmp_path)
    for feeds in both(model(IF), x=noise(4)):
        assert_same(tmp_path / "source.onnx", tmp_path / "saved.onnx", feeds)


def twins(small: bool) -> onnx.ModelProto:
    """Both branches store a tensor of their own under one name, and the graph computes one of that name too."""
    size = 2 if small else 600
    proto = model(f"""
        g (bool c, float[{size}] x) => (float[{size}] y, float[{size}] w)
        {{
            y = If (c) <
                then_branch = t () => (float[{size}] out) {{ h = Mul(x, w) out = Relu(h) }},
                else_branch = e () => (float[{size}] out) {{ h = Mul(x, w) out = Relu(h) }}
            >
            w = Neg(x)
        }}
    """)
    for seed, attribute in enumerate(proto.graph.node[0].attribute):
        attribute.g.initializer.append(numpy_helper.from_array(noise(size, seed=seed), "w"))
    return proto


@pytest.mark.parametrize("small", [True, False])
def test_twins_in_sibling_bodies(small: bool, tmp_path: Path) -> None:
    proto = twins(small)
    path = tmp_path / "source.onnx"
    onnx.save(proto, path)
    loaded = normalize(load(path))
    assert len({t.name for t in all_stored(loaded)}) == 2
    save(finish(loaded), tmp_path / "saved.onnx")
    for feeds in both(proto, x=noise(2 if small else 600)):
        assert_same(path, tmp_path / "saved.onnx", feeds)
    saved = onnx.load(tmp_path / "saved.onnx")
    assert [a.g.initializer[0].name for a in saved.graph.node[0].attribute] == ["w", "w"]
    assert (tmp_path / "saved.onnx").stat().st_size <= path.stat().st_size


def test_a_body_of_a_body_may_hide_no_name(tmp_path: Path) -> None:
    """A name that a nested body gives its own tensor stays apart from the outer body's."""
    proto = model(NESTED)
    inner = proto.graph.node[0].attribute[0].g.node[1]
    for seed, attribute in enumerate(inner.attribute):
        attribute.g.initializer.append(numpy_helper.from_array(noise(2, seed=seed), "v"))
        attribute.g.node[-1].input[1] = "v"
    round_trip(proto, tmp_path)
    for feeds in both(proto, d=np.array(False), x=noise(2)):
        assert_same(tmp_path / "source.onnx", tmp_path / "saved.onnx", feeds)


def test_a_rewrite_of_one_twin_leaves_the_other() -> None:
    """Twins are equal in name, op and operands; only identity tells them apart."""
    loaded = normalize(from_proto(model(IF.replace("Sub", "Mul").replace("Neg", "Relu"))))
    first, second = (body.nodes[0] for body in list(graphs(loaded))[1:])
    outer = loaded.graph.inputs[1]
    second.inputs[0] = loaded.graph.inputs[1]
    assert [n for n in outer.outputs if n is first or n is second] == [first, second]


def test_constant_nodes_of_bodies(tmp_path: Path) -> None:
    proto = model(IF)
    for attribute in proto.graph.node[0].attribute:
        value = numpy_helper.from_array(noise(4))
        attribute.g.node.insert(0, onnx.helper.make_node("Constant", [], ["k"], value=value))
        attribute.g.node[1].input[1] = "k"
    saved = round_trip(proto, tmp_path)
    for attribute in saved.graph.node[0].attribute:
        assert next(n.op_type for n in attribute.g.node) != "Constant"
        assert len(attribute.g.initializer) == 1


def test_a_body_whose_output_is_stored_or_outer(tmp_path: Path) -> None:
    proto = model("""
        g (bool c, float[2] x) => (float[2] y)
        {
            y = If (c) <
                then_branch = t () => (float[2] out) <float[2] out = {1.0, 2.0}> { },
                else_branch = e () => (float[2] out) { out = Identity(x) }
            >
        }
    """)
    round_trip(proto, tmp_path)
    for feeds in both(proto, x=noise(2)):
        assert_same(tmp_path / "source.onnx", tmp_path / "saved.onnx", feeds)


def test_what_bodies_share_stays_outside() -> None:
    proto = with_weights(model(IF.replace("<float[4] w = {1.0, 2.0, 3.0, 4.0}>", "")), w=noise(4))
    loaded = normalize(from_proto(proto))
    assert [t.name for t in stored(loaded)] == ["w"]


def test_body_documentation_comes_back(tmp_path: Path) -> None:
    proto = model(IF)
    body = proto.graph.node[0].attribute[0].g
    body.doc_string = "then"
    body.metadata_props.add(key="a", value="b")
    body.node[0].doc_string = "product"
    body.value_info.append(onnx.helper.make_tensor_value_info("h", onnx.TensorProto.FLOAT, [4]))
    body.output[0].doc_string = "result"
    saved = round_trip(proto, tmp_path)
    assert saved.graph.node[0].attribute[0].g == body


def test_large_tensors_of_bodies(tmp_path: Path) -> None:
    """They lie in the file like others, and are inferred and checked without being read."""
    proto = model("""
        g (bool c, float[2,40] x) => (float[2,n] y)
        {
            y = If (c) <
                then_branch = t () => (float[2,50] out) { out = MatMul(x, w) },
                else_branch = e () => (float[2,60] out) { out = MatMul(x, w) }
            >
        }
    """)
    for width, attribute in zip((50, 60), proto.graph.node[0].attribute, strict=True):
        attribute.g.initializer.append(numpy_helper.from_array(noise(40, width), "w"))
    round_trip(proto, tmp_path)
    for feeds in both(proto, x=noise(2, 40)):
        assert_same(tmp_path / "source.onnx", tmp_path / "saved.onnx", feeds)
    loaded = load(tmp_path / "source.onnx")
    assert [body.outputs[0].shape for body in list(graphs(loaded))[1:]] == [[2, 50], [2, 60]]


def test_a_dead_if_goes_with_its_bodies() -> None:
    proto = model(IF)
    proto.graph.output[0].name = "x"
    proto.graph.output[0].type.CopyFrom(proto.graph.input[1].type)
    loaded = normalize(from_proto(proto))
    assert not loaded.graph.nodes
    assert not loaded.graph.inputs[1].outputs


def test_bodies_of_a_new_node_are_declared() -> None:
    """A body that no file had gets its inputs and outputs declared from its tensors."""
    loaded = normalize(from_proto(model(IF)))
    body = loaded.graph.nodes[0].attrs["then_branch"]
    del body.__dict__["header"]
    branch = to_proto(finish(loaded)).graph.node[0].attribute[0].g
    assert [v.name for v in branch.output] == ["out"]
    assert branch.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
