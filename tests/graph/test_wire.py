"""The file without its weights, and the way back."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, numpy_helper

from onnxprune.graph.parsing import tensors_of
from onnxprune.graph.wire import INLINE_BYTES, SELF, MalformedError, field, fields, outline, varint
from tests.graph.helpers import model, noise, with_weights

BODY = """
g (bool c, float[40,40] x) => (float[40,40] y)
{
    y = If (c) <
        then_branch = t () => (float[40,40] out) { out = Mul(x, a) },
        else_branch = e () => (float[40,40] out) { k = Constant() out = Mul(x, k) }
    >
}
"""


def weighty() -> ModelProto:
    """Weights in the graph, in a body, and in an attribute of a body's node; small ones too."""
    proto = with_weights(model(BODY), w=noise(30, 20), small=noise(3), integers=np.arange(400))
    then, other = (a.g for a in proto.graph.node[0].attribute)
    then.initializer.append(numpy_helper.from_array(noise(40, 40), "a"))
    value = numpy_helper.from_array(noise(40, 40, seed=1))
    other.node[0].attribute.append(onnx.helper.make_attribute("value", value))
    return proto


def resolved(data: bytes) -> ModelProto:
    """The outline with every reference followed."""
    lean = outline(memoryview(data))
    assert lean is not None
    proto = ModelProto.FromString(lean)
    for tensor in tensors_of(proto.graph):
        entries = {e.key: e.value for e in tensor.external_data}
        if entries.get("location") == SELF:
            start = int(entries["offset"])
            tensor.raw_data = data[start : start + int(entries["length"])]
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
    return proto


def test_what_is_left_out_can_be_found_again() -> None:
    proto = weighty()
    assert resolved(proto.SerializeToString()) == proto


def test_only_weights_are_left_out() -> None:
    data = weighty().SerializeToString()
    lean = outline(memoryview(data))
    assert lean is not None
    assert len(lean) < len(data) - 4 * (30 * 20 + 2 * 40 * 40)
    assert not any(len(t.raw_data) > INLINE_BYTES for t in tensors_of(ModelProto.FromString(lean).graph))


def test_a_message_in_several_pieces() -> None:
    """Protobuf merges a field that comes twice; a piece behind the model adds outputs to its graph."""
    piece = ModelProto()
    piece.graph.output.add(name="more")
    data = weighty().SerializeToString() + piece.SerializeToString()
    assert resolved(data) == ModelProto.FromString(data)


def test_fields_of_all_wire_types_are_stepped_over() -> None:
    unknown = b"\xc0\x3e\x05" + b"\xc1\x3e" + b"\x00" * 8 + b"\xc5\x3e" + b"\x00" * 4 + b"\xc2\x3e\x02ab"
    data = unknown + weighty().SerializeToString() + unknown
    assert resolved(data) == ModelProto.FromString(data)


def test_a_tensor_with_data_in_two_fields_is_left_as_it_is() -> None:
    """The last one counts; that is for protobuf to say."""
    tensor = TensorProto(name="w", dims=[600], data_type=1, raw_data=noise(600).tobytes())
    twice = tensor.SerializeToString() + TensorProto(raw_data=noise(600, seed=1).tobytes()).SerializeToString()
    data = b"".join(bytes(c) for c in field(7, field(5, [twice])))
    assert outline(memoryview(data)) == data


def test_a_tensor_with_a_data_file_is_left_as_it_is() -> None:
    tensor = TensorProto(name="w", dims=[600], data_type=1, raw_data=noise(600).tobytes())
    tensor.external_data.add(key="location", value="elsewhere")
    data = ModelProto(graph=onnx.GraphProto(initializer=[tensor])).SerializeToString()
    assert outline(memoryview(data)) == data


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x3a\xff", b"\x3a\x05abc", b"\xff" * 11, b"\x0b\x0c", b"\x0e", b"\x0f", b"\x09\x00", b"\x80"],
    ids=bytes.hex,
)
def test_what_is_no_message_is_left_to_the_parser(data: bytes) -> None:
    assert outline(memoryview(data)) is None


def test_cut_short_anywhere() -> None:
    """Never an exception; where the outline can be made, it says what the parser says of the whole."""
    data = weighty().SerializeToString()
    for length in {*range(0, len(data), 97), *range(200)}:
        piece = data[:length]
        if outline(memoryview(piece)) is not None:
            assert resolved(piece) == ModelProto.FromString(piece)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    made = outline(memoryview(data))
    assert made is None or made == data


@given(st.integers(0, 2**64 - 1))
def test_numbers(value: int) -> None:
    data = memoryview(varint(1 << 3 | 2) + varint(len(varint(value))) + varint(value))
    assert [(number, bytes(data[a:b])) for number, _, a, b in fields(data, 0, len(data))] == [(1, varint(value))]


def test_too_long_a_number() -> None:
    with pytest.raises(MalformedError, match="64 bits"):
        list(fields(memoryview(b"\x80" * 10 + b"\x01"), 0, 11))
