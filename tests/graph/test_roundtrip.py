"""What a model says comes out as it went in."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnxprune.graph import finish, from_proto, load, normalize, save, to_proto
from tests.graph.helpers import assert_same, model, noise, ops, round_trip, stored_names, with_weights

CONV = "g (float[n,3,8,8] x) => (float[n,6,8,8] y) { c = Conv <pads = [1,1,1,1]> (x, w) y = Relu(c) }"


def conv() -> onnx.ModelProto:
    return with_weights(model(CONV), w=noise(6, 3, 3, 3))


def test_header_comes_back(tmp_path: Path) -> None:
    proto = conv()
    proto.ir_version, proto.producer_name, proto.producer_version = 9, "maker", "1.2"
    proto.domain, proto.model_version, proto.doc_string = "org.example", 7, "about"
    proto.opset_import.append(helper.make_opsetid("org.custom", 3))
    helper.set_model_props(proto, {"stride": "32", "names": "cat, dog"})
    proto.graph.doc_string = "the graph"
    proto.graph.metadata_props.add(key="a", value="b")
    saved = round_trip(proto, tmp_path)
    expected, found = onnx.ModelProto(), onnx.ModelProto()
    expected.CopyFrom(proto)
    found.CopyFrom(saved)
    for one in (expected, found):
        one.graph.ClearField("initializer")
    assert found == expected


def test_nodes_come_back(tmp_path: Path) -> None:
    proto = conv()
    proto.graph.node[0].name = "stem"
    proto.graph.node[0].doc_string = "convolution"
    proto.graph.node[1].domain = ""
    proto.graph.node[1].metadata_props.add(key="namespace", value="net/act")
    assert list(round_trip(proto, tmp_path).graph.node) == list(proto.graph.node)


def test_value_info_comes_back(tmp_path: Path) -> None:
    proto = conv()
    infos = [
        helper.make_tensor_value_info("c", TensorProto.FLOAT, ["n", 6, 8, 8]),
        helper.make_tensor_value_info("w", TensorProto.FLOAT, [6, 3, 3, 3]),
    ]
    infos[0].doc_string, infos[1].doc_string = "after the stem", "weights"
    proto.graph.value_info.extend(infos)
    assert list(round_trip(proto, tmp_path).graph.value_info) == infos


def test_value_info_of_what_is_gone_goes(tmp_path: Path) -> None:
    proto = conv()
    proto.graph.value_info.append(helper.make_tensor_value_info("dead", TensorProto.INT64, [4]))
    proto.graph.node.append(helper.make_node("Shape", ["x"], ["dead"]))
    saved = round_trip(proto, tmp_path)
    assert ops(saved) == ["Conv", "Relu"]
    assert not saved.graph.value_info


def test_value_info_follows_a_shrunk_tensor() -> None:
    proto = conv()
    proto.graph.value_info.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, ["n", 6, 8, 8]))
    loaded = normalize(from_proto(proto))
    loaded.graph.nodes[0].inputs[1].values = noise(4, 3, 3, 3)
    loaded.graph.nodes[0].outputs[0].shape[1] = 4
    dims = to_proto(finish(loaded)).graph.value_info[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["n", 4, 8, 8]


def test_annotations_come_back_with_what_only_they_name(tmp_path: Path) -> None:
    proto = with_weights(conv(), scale=np.float32([0.5]), unread=np.float32([1]))
    for name in ("c", "gone"):
        annotation = proto.graph.quantization_annotation.add(tensor_name=name)
        annotation.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="scale")
    saved = round_trip(proto, tmp_path)
    assert [a.tensor_name for a in saved.graph.quantization_annotation] == ["c"]
    assert stored_names(saved) == {"w", "scale"}


def test_training_info_keeps_what_it_may_name() -> None:
    proto = with_weights(conv(), momentum=np.float32([0.5]))
    proto.training_info.add().update_binding.add(key="momentum", value="new")
    saved = to_proto(finish(normalize(from_proto(proto))))
    assert saved.training_info == proto.training_info
    assert stored_names(saved) == {"w", "momentum"}


def test_stored_tensors_keep_their_documentation(tmp_path: Path) -> None:
    proto = conv()
    proto.graph.initializer[0].doc_string = "weights"
    proto.graph.initializer[0].metadata_props.add(key="a", value="b")
    stored = round_trip(proto, tmp_path).graph.initializer[0]
    assert (stored.doc_string, stored.metadata_props[0].value) == ("weights", "b")


def test_fields_of_a_later_version_come_back() -> None:
    unknown = b"\xc2\x3e\x03new"  # field 1000, length-delimited
    proto = onnx.ModelProto.FromString(conv().SerializeToString() + unknown)
    saved = to_proto(finish(normalize(from_proto(proto)))).SerializeToString()
    assert onnx.ModelProto.FromString(saved) is not None


def test_unread_tensors_and_dead_nodes_go(tmp_path: Path) -> None:
    proto = with_weights(conv(), unread=noise(400))
    proto.graph.node.append(helper.make_node("Relu", ["c"], ["dead"]))
    saved = round_trip(proto, tmp_path)
    assert stored_names(saved) == {"w"}
    assert ops(saved) == ["Conv", "Relu"]


def test_node_names_need_not_be_unique() -> None:
    proto = conv()
    for node in proto.graph.node:
        node.name = "same"
    assert list(to_proto(finish(normalize(from_proto(proto)))).graph.node) == list(proto.graph.node)


def test_outputs_that_nothing_computes(tmp_path: Path) -> None:
    proto = with_weights(model("g (float[2] x) => (float[2] x, float[3] w, int64[1] k, float[2] y) { y = Neg(x) }"))
    proto.graph.initializer.append(numpy_helper.from_array(noise(3), "w"))
    value = numpy_helper.from_array(np.int64([5]))
    proto.graph.node.append(helper.make_node("Constant", [], ["k"], value=value))
    saved = round_trip(proto, tmp_path)
    assert [v.name for v in saved.graph.output] == ["x", "w", "k", "y"]


def test_one_output_twice_over(tmp_path: Path) -> None:
    round_trip(model("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x) z = Identity(y) }"), tmp_path)


def test_old_models_declare_their_weights(tmp_path: Path) -> None:
    text = "g (float[2,40] x, float[40,30] w, float[30] b) => (float[2,30] y) { h = MatMul(x, w) y = Add(h, b) }"
    proto = with_weights(model(text, opset=8, ir=3), w=noise(40, 30), b=noise(30))
    saved = round_trip(proto, tmp_path)
    assert [v.name for v in saved.graph.input] == ["x", "w", "b"]
    assert saved.ir_version == 3


def test_old_models_keep_constants_as_nodes(tmp_path: Path) -> None:
    text = "g (float[2,40] x) => (float[2,30] y) { y = MatMul(x, w) }"
    proto = model(text, opset=8, ir=3)
    value = numpy_helper.from_array(noise(40, 30))
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=value))
    assert ops(round_trip(proto, tmp_path)) == ["Constant", "MatMul"]


def test_declared_weights_follow_their_shape() -> None:
    text = "g (float[2,4] x, float[4,3] w, float[9] unread) => (float[2,3] y) { y = MatMul(x, w) }"
    proto = with_weights(model(text, opset=8, ir=3), w=noise(4, 3), unread=noise(9))
    loaded = normalize(from_proto(proto))
    loaded.graph.nodes[0].inputs[1].values = noise(4, 2)
    saved = to_proto(finish(loaded))
    assert [v.name for v in saved.graph.input] == ["x", "w"]
    assert [d.dim_value for d in saved.graph.input[1].type.tensor_type.shape.dim] == [4, 2]


@pytest.mark.parametrize(
    "text",
    [
        "g (seq(float[n]) x) => (float[m] y) { y = ConcatFromSequence <axis = 0> (x) }",
        "g (optional(float[3]) x) => (float[3] y) { y = OptionalGetElement(x) }",
        "g (float[3] x) => (seq(float[3]) y) { y = SequenceConstruct(x, x) }",
        "g (float[3] x) => (optional(float[3]) y) { y = Optional(x) }",
    ],
)
def test_types_other_than_tensors(text: str) -> None:
    proto = model(text)
    saved = to_proto(finish(normalize(from_proto(proto))))
    assert saved.graph.input == proto.graph.input
    assert saved.graph.output == proto.graph.output


def test_maps(tmp_path: Path) -> None:
    header = '<ir_version: 8, opset_import: ["": 18, "ai.onnx.ml": 3]>'
    text = "g (float[1,2] x) => (seq(map(int64, float)) y) { y = ai.onnx.ml.ZipMap <classlabels_int64s = [3, 5]> (x) }"
    proto = model(f"{header} {text}")
    saved = round_trip(proto, tmp_path)
    assert saved.graph.output == proto.graph.output


def test_open_lengths_stay_open(tmp_path: Path) -> None:
    text = "g (float[batch,?,-1] x, float[?] z) => (float[batch,a,b] y, float[?] w) { y = Neg(x) w = Neg(z) }"
    proto = model(text.replace("-1", "4"))
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -1
    saved = round_trip(proto, tmp_path)
    dims = saved.graph.input[0].type.tensor_type.shape.dim
    assert [d.WhichOneof("value") for d in dims] == ["dim_param", None, None]
    assert saved.graph.output == proto.graph.output


def test_nodes_in_the_wrong_order_are_sorted(tmp_path: Path) -> None:
    proto = model("g (float[2] x) => (float[2] y) { a = Neg(x) b = Exp(a) y = Add(a, b) }")
    nodes = [proto.graph.node[i] for i in (2, 1, 0)]
    shuffled = onnx.ModelProto()
    shuffled.CopyFrom(proto)
    del shuffled.graph.node[:]
    shuffled.graph.node.extend(nodes)
    assert ops(to_proto(from_proto(shuffled))) == ["Neg", "Exp", "Add"]


def test_pathological_names(tmp_path: Path) -> None:
    proto = model("g (float[2] x) => (float[2] y) { a = Neg(x) y = Exp(a) }")
    strange = "ünï\n /:\"'\\ 名"
    for node in proto.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                names[i] = strange if name == "a" else name
    saved = round_trip(proto, tmp_path)
    assert saved.graph.node[0].output[0] == strange


def test_a_model_without_a_standard_domain() -> None:
    header = '<ir_version: 8, opset_import: ["org.custom": 2]>'
    proto = model(f"{header} g (float[2] x) => (float[2] y) {{ y = org.custom.F(x) }}")
    saved = to_proto(finish(normalize(from_proto(proto))))
    assert saved == proto


def test_a_graph_without_nodes(tmp_path: Path) -> None:
    proto = model("g (float[2] x) => (float[2] x) { }")
    path = tmp_path / "m.onnx"
    save(finish(normalize(from_proto(proto))), path)
    assert_same(path, path)
    assert load(path).graph.nodes == []
