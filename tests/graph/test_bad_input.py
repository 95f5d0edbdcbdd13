"""What is no usable model is refused in one sentence that names the file, and nothing is written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import from_proto, load
from tests.graph.helpers import model, noise, with_weights

TEXT = "g (float[2,40] x) => (float[2,50] y) { h = MatMul(x, w) y = Relu(h) }"


def proto() -> ModelProto:
    return with_weights(model(TEXT), w=noise(40, 50))


def sentence(path: Path) -> str:
    """What is wrong with a file: one line that begins with its name."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(InputError) as error:
        load(path)
    assert sorted(path.parent.iterdir()) == before
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not an ONNX file (it is empty)"),
        (b"Hello, this is no model.\n" * 40, "not an ONNX file, or cut short (1000 bytes)"),
        (np.random.default_rng(0).bytes(5000), "not an ONNX file, or cut short (5000 bytes)"),
        (b"\x08\x08", "not an ONNX file (no graph in it)"),
        (b"PK\x03\x04" + b"\0" * 96, "not an ONNX file, or cut short (100 bytes)"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 92, "not an ONNX file, or cut short (100 bytes)"),
    ],
    ids=["empty", "text", "random", "no graph", "zip", "hdf5"],
)
def test_other_files(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert sentence(path) == expected


def test_a_node_of_our_own(tmp_path: Path) -> None:
    odd = proto()
    odd.graph.node[1].domain = "ai.onnxprune.internal"
    (tmp_path / "m.onnx").write_bytes(odd.SerializeToString())
    assert sentence(tmp_path / "m.onnx").startswith("a node of it is of the domain ai.onnxprune.internal")


def test_an_if_whose_branches_make_too_much_or_too_little(tmp_path: Path) -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <then_branch = t () => (float[2] o) { o = Neg(x) },
                    else_branch = e () => (float[2] p, float[2] q) { p = Exp(x) q = Neg(x) }> }"""
    (tmp_path / "m.onnx").write_bytes(model(text).SerializeToString())
    assert sentence(tmp_path / "m.onnx") == "'else_branch' of If node 'y' makes 2 results and not 1"


def test_no_file(tmp_path: Path) -> None:
    assert sentence(tmp_path / "m.onnx") == "no such file"


def test_a_folder(tmp_path: Path) -> None:
    assert sentence(tmp_path) == "is a folder, not an ONNX file"


def test_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert sentence(path) == "is no regular file, not an ONNX file"


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(InputError, match=r"no such file|can't be read"):
        load("a\0b.onnx")
    with pytest.raises(InputError, match="File name too long"):
        load("n" * 300 + ".onnx")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of POSIX")
def test_no_permission(tmp_path: Path, as_nobody: Callable[..., str]) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(proto().SerializeToString())
    path.chmod(0)
    printed = as_nobody(f"load({str(path)!r})")
    assert printed == f"InputError: {path}: can't be read (Permission denied)"


def test_cut_short_anywhere(tmp_path: Path) -> None:
    data = proto().SerializeToString()
    path = tmp_path / "m.onnx"
    for length in {*range(1, len(data), 401), *range(1, 120), *range(len(data) - 120, len(data))}:
        path.write_bytes(data[:length])
        expected = (f"not an ONNX file, or cut short ({length} bytes)", "not an ONNX file (no graph in it)")
        assert sentence(path) in (*expected, "the model doesn't say which opset it uses")


# ------------------------------------------------------------------------------------------- broken models


def change(function: Callable[[ModelProto], object]) -> ModelProto:
    made = proto()
    function(made)
    return made


def set_dims(made: ModelProto, *dims: int) -> None:
    made.graph.initializer[0].dims[:] = dims


BROKEN: dict[str, tuple[ModelProto, str]] = {
    "no opset": (change(lambda p: p.ClearField("opset_import")), "the model doesn't say which opset it uses"),
    "a later opset": (
        change(lambda p: setattr(p.opset_import[0], "version", 999)),
        f"opset 999 is newer than the newest supported, {onnx.defs.onnx_opset_version()}",
    ),
    "cycle": (
        model("g (float[2] x) => (float[2] y) { a = Add(x, b) b = Neg(a) y = Neg(b) }"),
        "the graph has a cycle through Neg node 'b', Add node 'a'",
    ),
    "undefined": (
        model("g (float[2] x) => (float[2] y) { y = Add(x, ghost) }"),
        "Add node 'y' reads 'ghost', which nothing makes",
    ),
    "made twice": (
        model("g (float[2] x) => (float[2] y) { y = Neg(x) y = Exp(x) }"),
        "Neg node 'y' and Exp node 'y' both make 'y'",
    ),
    "no maker": (
        model("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x) }"),
        "the graph output 'z' is made by nothing",
    ),
    "unknown op": (
        model("g (float[2] x) => (float[2] y) { y = Bogus(x) }"),
        "the ONNX checker refuses it: No Op registered for Bogus with domain_version of 18 (Bogus node '')",
    ),
    "unknown attribute": (
        model("g (float[2] x) => (float[2] y) { [act] y = Relu <bogus = 1> (x) }"),
        "the ONNX checker refuses it: Unrecognized attribute: bogus for operator Relu (Relu node 'act')",
    ),
    "domain without opset": (
        model("g (float[2] x) => (float[2] y) { y = org.custom.F(x) }"),
        "the ONNX checker refuses it: No opset import for domain 'org.custom' (F node '')",
    ),
    "too short": (
        change(lambda p: setattr(p.graph.initializer[0], "raw_data", b"\0" * 400)),
        "tensor 'w' of shape [40, 50] needs 8000 bytes but has 400",
    ),
    "too long": (
        change(lambda p: setattr(p.graph.initializer[0], "raw_data", b"\0" * 8004)),
        "tensor 'w' of shape [40, 50] needs 8000 bytes but has 8004",
    ),
    "other dims": (change(lambda p: set_dims(p, 40, 51)), "tensor 'w' of shape [40, 51] needs 8160 bytes but has 8000"),
    "negative dims": (
        change(lambda p: set_dims(p, -40, -50)),
        "tensor 'w' has a negative length in its shape [-40, -50]",
    ),
    "huge dims": (
        change(lambda p: set_dims(p, 2**62, 2**62)),
        f"tensor 'w' of shape [{2**62}, {2**62}] needs {2**126} bytes but has 8000",
    ),
    "no element type": (
        change(lambda p: p.graph.initializer[0].ClearField("data_type")),
        "tensor 'w' has element type 0, unknown here",
    ),
    "another element type": (
        change(lambda p: setattr(p.graph.initializer[0], "data_type", 99)),
        "tensor 'w' has element type 99, unknown here",
    ),
    "no data": (
        change(lambda p: p.graph.initializer[0].ClearField("raw_data")),
        "tensor 'w' of shape [40, 50] can't be filled: cannot reshape array of size 0 into shape (40,50)",
    ),
    "few strings": (
        change(lambda p: p.graph.initializer.append(TensorProto(name="s", data_type=8, dims=[2], string_data=[b"a"]))),
        "tensor 's' of shape [2] needs 2 strings but has 1",
    ),
    "segment": (
        change(lambda p: p.graph.initializer[0].segment.SetInParent()),
        "tensor 'w' has element type 1, unknown here",
    ),
}


@pytest.mark.parametrize(("made", "expected"), BROKEN.values(), ids=list(BROKEN))
def test_broken_models(made: ModelProto, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(made.SerializeToString())
    assert sentence(path) == expected


def test_ir_version_of_the_future(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(change(lambda p: setattr(p, "ir_version", 99)).SerializeToString())
    assert sentence(path).startswith("the ONNX checker refuses it: Your model ir_version 99 is higher than the checker")


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(proto().SerializeToString().replace(b"\x01h", b"\x01\xff"))
    assert sentence(path) == "a name in it is not UTF-8 text"


def test_a_model_in_memory_has_no_path() -> None:
    with pytest.raises(InputError, match=r"^model: Add node 'y' reads 'ghost'"):
        from_proto(model("g (float[2] x) => (float[2] y) { y = Add(x, ghost) }"))


def test_relative_data_of_a_model_in_memory(tmp_path: Path) -> None:
    made = proto()
    tensor = made.graph.initializer[0]
    (tmp_path / "w.bin").write_bytes(tensor.raw_data)
    expected = numpy_helper.to_array(tensor)
    tensor.CopyFrom(helper.make_tensor("w", TensorProto.FLOAT, [0], []))
    tensor.dims[:] = [40, 50]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    loaded = from_proto(made, tmp_path / "m.onnx")
    assert np.array_equal(loaded.graph.nodes[0].inputs[1].values, expected)
