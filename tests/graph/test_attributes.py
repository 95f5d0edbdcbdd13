"""Attributes of every type."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, helper, numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import finish, from_proto, normalize, to_proto
from tests.graph.helpers import model, round_trip

HEADER = '<ir_version: 8, opset_import: ["": 18, "org.custom": 1]>'
CUSTOM = f"{HEADER} g (float[2] x) => (float[2] y) {{ y = org.custom.F(x) }}"


def with_attribute(attribute: AttributeProto) -> onnx.ModelProto:
    proto = model(CUSTOM)
    proto.graph.node[0].attribute.append(attribute)
    return proto


def back(attribute: AttributeProto) -> AttributeProto:
    return to_proto(finish(normalize(from_proto(with_attribute(attribute))))).graph.node[0].attribute[0]


TENSOR = numpy_helper.from_array(np.float32([1, 2]), "t")
ATTRIBUTES = [
    helper.make_attribute("a", 1.5),
    helper.make_attribute("a", 2.0),
    helper.make_attribute("a", -3),
    helper.make_attribute("a", "text"),
    helper.make_attribute("a", b"\xff\x00raw"),
    helper.make_attribute("a", ""),
    helper.make_attribute("a", [1.0, 2.0]),
    helper.make_attribute("a", [1, -2]),
    helper.make_attribute("a", ["one", b"\xfftwo"]),
    helper.make_attribute("a", TENSOR),
    helper.make_attribute("a", [TENSOR, TENSOR]),
    helper.make_attribute("a", helper.make_tensor_type_proto(1, [2, "n"])),
    helper.make_attribute("a", [helper.make_tensor_type_proto(1, [2])]),
    *(
        AttributeProto(name="a", type=kind)
        for kind in (AttributeProto.INTS, AttributeProto.FLOATS, AttributeProto.STRINGS, AttributeProto.TENSORS)
    ),
]


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda a: AttributeProto.AttributeType.Name(a.type))
def test_every_type_comes_back(attribute: AttributeProto) -> None:
    assert back(attribute) == attribute


def test_sparse_attributes_come_back() -> None:
    values = numpy_helper.from_array(np.float32([1.0]))
    tensor = helper.make_sparse_tensor(values, numpy_helper.from_array(np.int64([1])), [3])
    attribute = helper.make_attribute("a", tensor)
    assert back(attribute) == attribute


def test_lists_of_graphs_are_refused() -> None:
    graph = model("g (float[2] x) => (float[2] y) { y = Neg(x) }").graph
    with pytest.raises(InputError, match=r"F node 'y' has a list of graphs, 'a', unknown here"):
        from_proto(with_attribute(helper.make_attribute("a", [graph])))


def test_a_reference_outside_a_function_is_refused() -> None:
    attribute = AttributeProto(name="a", type=AttributeProto.INT, ref_attr_name="b")
    with pytest.raises(InputError, match="refers to a function's attribute"):
        from_proto(with_attribute(attribute))


def test_overload_comes_back(tmp_path: Path) -> None:
    proto = model(CUSTOM)
    proto.ir_version = 10
    proto.graph.node[0].overload = "variant"
    assert to_proto(finish(normalize(from_proto(proto)))).graph.node[0].overload == "variant"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (np.float16, 10), (np.dtype("int64"), 7), ([np.int64(1), 2], [1, 2])],
    ids=str,
)
def test_values_that_a_rewrite_may_set(value: object, expected: object) -> None:
    loaded = normalize(from_proto(model(CUSTOM)))
    loaded.graph.nodes[0].attrs["a"] = value
    attribute = to_proto(finish(loaded)).graph.node[0].attribute[0]
    assert helper.get_attribute_value(attribute) == expected


def test_large_tensors_in_attributes_are_read_from_the_file(tmp_path: Path) -> None:
    text = "g (int64[2] s) => (float[a,b] y) { y = ConstantOfShape(s) }"
    proto = model(text)
    value = numpy_helper.from_array(np.float32([7]), "n" * 2000)
    proto.graph.node[0].attribute.append(helper.make_attribute("value", value))
    round_trip(proto, tmp_path)
