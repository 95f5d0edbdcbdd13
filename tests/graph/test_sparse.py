"""Sparse stored tensors: dense in memory, sparse in files as long as that is shorter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import SparseTensorProto, helper, numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import finish, from_proto, load, normalize, save
from tests.graph.helpers import assert_same, model, round_trip, stored_names

TEXT = "g (float[4,2] x) => (float[4,30] y) { y = MatMul(x, w) }"
DENSE = np.zeros((2, 30), np.float32)
DENSE[[0, 1, 1], [3, 0, 29]] = 1, 2, 3

LINEAR = np.int64([3, 30, 59])
PAIRS = np.int64([[0, 3], [1, 0], [1, 29]])


def sparse(indices: np.ndarray = LINEAR, name: str = "w") -> SparseTensorProto:
    values = numpy_helper.from_array(np.float32([1, 2, 3]), name)
    return helper.make_sparse_tensor(values, numpy_helper.from_array(indices), [2, 30])


def stored(*tensors: SparseTensorProto) -> onnx.ModelProto:
    proto = model(TEXT)
    proto.graph.sparse_initializer.extend(tensors)
    return proto


@pytest.mark.parametrize("indices", [LINEAR, PAIRS], ids=["linear", "pairs"])
def test_they_are_dense_in_memory_and_sparse_in_the_file(tmp_path: Path, indices: np.ndarray) -> None:
    loaded = normalize(from_proto(stored(sparse(indices), sparse(name="unread"))))
    weight = loaded.graph.nodes[0].inputs[1]
    assert weight.values.tobytes() == DENSE.tobytes() and loaded.graph.outputs[0].shape == [4, 30]
    saved = _saved(stored(sparse(indices), sparse(name="unread")), tmp_path)
    assert [t.values.name for t in saved.graph.sparse_initializer] == ["w"]
    (made,) = saved.graph.sparse_initializer
    assert numpy_helper.to_array(made.indices).tolist() == LINEAR.tolist()
    assert numpy_helper.to_array(made.values).tolist() == [1, 2, 3] and list(made.dims) == [2, 30]


def _saved(proto: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    """What comes out of load and save; onnx can't infer shapes behind sparse initializers, so nobody asks it to."""
    source, path = folder / "source.onnx", folder / "saved.onnx"
    onnx.save(proto, source)
    save(finish(normalize(load(source))), path)
    onnx.checker.check_model(path)
    assert_same(source, path)
    assert path.stat().st_size <= source.stat().st_size
    return onnx.load(path)


def test_constant_nodes_stay_constant_nodes(tmp_path: Path) -> None:
    proto = model(TEXT)
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["w"], sparse_value=sparse(name="")))
    constant, product = round_trip(proto, tmp_path).graph.node
    value = constant.attribute[0].sparse_tensor
    assert (constant.op_type, constant.output[0], product.op_type) == ("Constant", "w", "MatMul")
    assert numpy_helper.to_array(value.indices).tolist() == LINEAR.tolist() and list(value.dims) == [2, 30]


def test_what_is_shorter_dense_is_written_so(tmp_path: Path) -> None:
    source, path = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(stored(sparse()), source)
    loaded = load(source)
    weight = loaded.graph.nodes[0].inputs[1]
    weight.values = np.ones_like(DENSE)
    save(loaded, path)
    saved = onnx.load(path)
    assert not saved.graph.sparse_initializer and stored_names(saved) == {"w"}


def test_inside_bodies_and_beside_external_data(tmp_path: Path) -> None:
    proto = model(
        """g (float[4,2] x, bool t) => (float[4,30] y) <float[2,30] v> {
        m = MatMul(x, v)
        y = If (t) <then_branch = p () => (float[4,30] a) { a = MatMul(x, w) },
                    else_branch = q () => (float[4,30] b) { b = Relu(m) }> }""".replace(" <float[2,30] v>", "")
    )
    proto.graph.node[1].attribute[0].g.sparse_initializer.append(sparse())
    proto.graph.initializer.append(numpy_helper.from_array(DENSE + 1, "v"))
    source, path = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(proto, source)
    save(load(source), path, external=True)
    onnx.checker.check_model(path)
    body = onnx.load(path).graph.node[1].attribute[0].g
    assert [t.values.name for t in body.sparse_initializer] == ["w"]
    assert_same(source, path, {"x": np.ones((4, 2), np.float32), "t": np.array(True)})


@pytest.mark.parametrize(
    "indices",
    [np.int64([3, 30, 60]), np.int64([-1, 3, 30]), np.int64([1, 2]), np.int64([[0, 3], [2, 0], [1, 1]])],
    ids=["behind the end", "negative", "too few", "another row"],
)
def test_indices_that_do_not_fit_are_refused(indices: np.ndarray) -> None:
    broken = sparse()
    broken.indices.CopyFrom(numpy_helper.from_array(indices))
    with pytest.raises(InputError, match="sparse tensor 'w' of shape \\[2, 30\\] has indices that don't fit"):
        from_proto(stored(broken))


def test_a_shape_that_no_memory_holds_is_refused() -> None:
    broken = sparse()
    broken.dims[:] = [10**6, 10**9]
    with pytest.raises(InputError, match="is too large to be made dense"):
        from_proto(stored(broken))


def test_strings_have_no_dense_form() -> None:
    text = SparseTensorProto(dims=[2])
    text.values.CopyFrom(numpy_helper.from_array(np.array([b"a"], object), "w"))
    text.indices.CopyFrom(numpy_helper.from_array(np.int64([1])))
    with pytest.raises(InputError, match="sparse tensor 'w' of shape \\[2\\] has no dense form"):
        from_proto(stored(text))
