"""Weights in data files."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import data_files_of, finish, load, normalize, publish, save, stored
from tests.graph.helpers import assert_same, model, noise, with_weights

TEXT = "g (float[2,40] x) => (float[2,30] y) { h = MatMul(x, a) k = MatMul(h, b) y = Add(k, c) }"


def weights() -> dict[str, np.ndarray]:
    return {"a": noise(40, 50), "b": noise(50, 30, seed=1), "c": noise(30, seed=2)}


def proto() -> ModelProto:
    return with_weights(model(TEXT), **weights())


def put_out(tensor: TensorProto, location: str, offset: int | None = None, length: int | None = None) -> None:
    """Say that a tensor's data lie elsewhere."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))


def write(folder: Path, name: str = "m.onnx", gap: int = 7) -> Path:
    """Two data files, one in a subfolder; offsets that are not aligned."""
    made = proto()
    a, b, c = made.graph.initializer
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "one.bin").write_bytes(b"-" * gap + a.raw_data + c.raw_data)
    (folder / "sub" / "two.bin").write_bytes(b.raw_data)
    put_out(c, "one.bin", gap + len(a.raw_data), 120)
    put_out(a, "one.bin", gap, 8000)
    put_out(b, "sub/two.bin")
    path = folder / name
    path.write_bytes(made.SerializeToString())
    return path


def whole(folder: Path) -> Path:
    path = folder / "whole.onnx"
    path.write_bytes(proto().SerializeToString())
    return path


@pytest.mark.parametrize("gap", [0, 7, 4096])
def test_several_data_files_and_offsets(tmp_path: Path, gap: int) -> None:
    path = write(tmp_path, gap=gap)
    loaded = load(path)
    assert loaded.external
    for tensor in stored(loaded):
        assert np.array_equal(tensor.values, weights()[tensor.name])
        assert tensor.values.flags.aligned
    assert data_files_of(path) == {tmp_path / "one.bin", tmp_path / "sub" / "two.bin"}


def test_saved_as_it_was_found_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    path = write(tmp_path / "from")
    saved = tmp_path / "to" / "n.onnx"
    written = save(finish(normalize(load(path))), saved)
    assert written == [saved, saved.with_name("n.onnx.data")]
    found = onnx.load(saved, load_external_data=False)
    locations = {e.value for t in found.graph.initializer for e in t.external_data if e.key == "location"}
    assert locations == {"n.onnx.data"}
    assert sorted(f.name for f in (tmp_path / "to").iterdir()) == ["n.onnx", "n.onnx.data"]
    assert_same(whole(tmp_path), saved)


def test_not_larger(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    path, saved = write(tmp_path, gap=0), tmp_path / "to" / "m.onnx"
    save(finish(normalize(load(path))), saved)
    before, after = (sum(f.stat().st_size for f in (p, *data_files_of(p))) for p in (path, saved))
    assert after <= before


def test_a_tensor_that_is_stored_twice_lies_once(tmp_path: Path) -> None:
    made = with_weights(
        model("g (float[2,40] x) => (float[2,50] y) { h = MatMul(x, a) k = MatMul(x, b) y = Add(h, k) }")
    )
    (tmp_path / "one.bin").write_bytes(noise(40, 50).tobytes())
    for name in "ab":
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[40, 50])
        put_out(tensor, "one.bin", 0)
        made.graph.initializer.append(tensor)
    path, saved = tmp_path / "m.onnx", tmp_path / "n.onnx"
    onnx.save(made, path)
    _, data = save(load(path), saved)
    assert data.stat().st_size == 8000
    assert_same(path, saved)


def test_into_a_data_file_and_back(tmp_path: Path) -> None:
    path, out, back = whole(tmp_path), tmp_path / "out.onnx", tmp_path / "back.onnx"
    assert len(save(load(path), out, external=True)) == 2
    assert save(load(out), back, external=False) == [back]
    assert_same(path, out)
    assert {t.name: t.raw_data for t in onnx.load(back).graph.initializer} == {
        t.name: t.raw_data for t in proto().graph.initializer
    }


def test_tensors_are_aligned_to_what_divides_their_size(tmp_path: Path) -> None:
    """Pages where it divides by pages, and no gaps."""
    arrays = {"a": noise(3, 7), "b": noise(64, 64), "c": noise(257), "d": noise(96, 16), "e": noise(3, 1024)}
    names = ", ".join(arrays)
    made = with_weights(model(f"g () => (float y) {{ y = org.F({names}) }}", org=1), **arrays)
    path = tmp_path / "m.onnx"
    onnx.save(made, path)
    saved, data = save(load(path), tmp_path / "n.onnx", external=True)
    places = {}
    for tensor in onnx.load(saved, load_external_data=False).graph.initializer:
        entries = {e.key: int(e.value) for e in tensor.external_data if e.key != "location"}
        if entries:
            places[tensor.name] = (entries["offset"], entries["length"])
    assert {name: length for name, (_, length) in places.items()} == {
        n: v.nbytes for n, v in arrays.items() if n != "a"
    }
    assert data.stat().st_size == sum(length for _, length in places.values())
    for name, power in (("b", 4096), ("e", 4096), ("d", 2048), ("c", 4)):
        assert places[name][0] % power == 0


@pytest.mark.parametrize("kind", [TensorProto.INT4, TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN])
def test_other_types(kind: int, tmp_path: Path) -> None:
    values = np.arange(3001) % 5
    tensor = helper.make_tensor("w", kind, [3001], values.tolist())
    output = helper.make_tensor_value_info("y", kind, [3001])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [output], [tensor])
    path, out, back = (tmp_path / f"{n}.onnx" for n in "abc")
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)]), path)
    save(load(path), out, external=True)
    save(load(out), back, external=False)
    found = numpy_helper.to_array(onnx.load(back).graph.initializer[0])
    assert found.astype(np.float32).tolist() == values.tolist()


# --------------------------------------------------------------------------------------- saving over a model


def test_saving_over_a_model_with_a_data_file(tmp_path: Path) -> None:
    path = whole(tmp_path)
    save(load(path), path, external=True)
    for _ in range(3):
        written = save(finish(normalize(load(path))), path)
        assert sorted(tmp_path.iterdir()) == sorted(written)
    assert {t.name: t.values.tobytes() for t in stored(load(path))} == {n: v.tobytes() for n, v in weights().items()}


def test_saving_inline_over_a_model_with_a_data_file(tmp_path: Path) -> None:
    path = whole(tmp_path)
    save(load(path), path, external=True)
    save(load(path), path, external=False)
    assert list(tmp_path.iterdir()) == [path]


def test_data_files_under_other_names_stay(tmp_path: Path) -> None:
    path = write(tmp_path)
    save(load(path), path)
    assert (tmp_path / "one.bin").exists()
    assert (tmp_path / "m.onnx.data").exists()


def test_a_data_file_in_the_way_stays(tmp_path: Path) -> None:
    stranger = tmp_path / "n.onnx.data"
    stranger.write_bytes(b"somebody's")
    written = save(load(whole(tmp_path)), tmp_path / "n.onnx", external=True)
    assert stranger.read_bytes() == b"somebody's"
    assert written[1].name == "n.onnx.1.data"


def test_a_loaded_model_outlives_its_files(tmp_path: Path) -> None:
    """What is mapped stays, though the files are replaced or gone."""
    path = write(tmp_path)
    loaded = load(path)
    (tmp_path / "one.bin").unlink()
    path.unlink()
    save(loaded, tmp_path / "n.onnx", external=False)
    assert_same(whole(tmp_path), tmp_path / "n.onnx")


# ---------------------------------------------------------------------------------------------- publishing


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("over", [False, True])
def test_publishing(external: bool, over: bool, tmp_path: Path) -> None:
    source = whole(tmp_path)
    (tmp_path / "trial").mkdir()
    (tmp_path / "to").mkdir()
    output = tmp_path / "to" / "out.onnx"
    if over:
        save(load(source), output, external=True)
    save(load(source), tmp_path / "trial" / "out.onnx", external=external)
    written = publish(tmp_path / "trial" / "out.onnx", output)
    assert len(written) == 1 + external
    assert sorted((tmp_path / "to").iterdir()) == sorted(written)
    assert not list((tmp_path / "trial").glob("out*"))
    assert_same(source, output)


def test_publishing_into_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/out.onnx: can't be written \(No such file or directory\)"):
        publish(whole(tmp_path), tmp_path / "nowhere" / "out.onnx")


# ------------------------------------------------------------------------------------------------- refusals


def refused(path: Path, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        load(path)
    assert str(error.value) == f"{path}: {sentence}"


@pytest.mark.parametrize(
    ("location", "offset", "length", "sentence"),
    [
        ("../one.bin", 0, 8000, "tensor 'a' points outside the model's folder: '../one.bin'"),
        ("sub/../../one.bin", 0, 8000, "tensor 'a' points outside the model's folder: 'sub/../../one.bin'"),
        ("/etc/hostname", 0, 8000, "tensor 'a' points outside the model's folder: '/etc/hostname'"),
        ("a\0b", 0, 8000, "tensor 'a' points outside the model's folder: 'a\0b'"),
        ("gone.bin", 0, 8000, "the data file 'gone.bin' of tensor 'a' is missing"),
        ("", 0, 8000, "tensor 'a' has external data without a location"),
        (None, 0, 8000, "tensor 'a' has external data without a location"),
        ("short.bin", 0, 8000, "tensor 'a' needs 8000 bytes of 'short.bin' but 100 are there"),
        ("short.bin", 90, None, "tensor 'a' needs 8000 bytes of 'short.bin' but 10 are there"),
        ("short.bin", 10**12, None, "tensor 'a' needs 8000 bytes of 'short.bin' but 0 are there"),
        ("one.bin", 0, 20, "tensor 'a' needs 8000 bytes of 'one.bin' but 20 are there"),
        ("one.bin", -4, 8000, "tensor 'a' has the offset '-4' in its data file"),
        ("one.bin", "zero", 8000, "tensor 'a' has the offset 'zero' in its data file"),
        ("one.bin", 0, -1, "tensor 'a' has the length '-1' in its data file"),
        ("one.bin", "٣", 8000, "tensor 'a' has the offset '٣' in its data file"),
    ],
)
def test_bad_places(location: str | None, offset: object, length: object, sentence: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = write(folder)
    (folder / "short.bin").write_bytes(b"-" * 100)
    (tmp_path / "one.bin").write_bytes(b"-" * 9000)
    made = onnx.load(path, load_external_data=False)
    tensor = made.graph.initializer[0]
    tensor.ClearField("external_data")
    put_out(tensor, location, offset, length)  # type: ignore[arg-type]
    path.write_bytes(made.SerializeToString())
    refused(path, sentence)


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = write(folder)
    (folder / "one.bin").rename(tmp_path / "one.bin")
    (folder / "one.bin").symlink_to(tmp_path / "one.bin")
    refused(path, "tensor 'a' points outside the model's folder: 'one.bin'")


def test_a_data_file_that_is_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "one.bin").unlink()
    (tmp_path / "one.bin").mkdir()
    with pytest.raises(InputError, match=r"one\.bin: is a folder, not an ONNX file"):
        load(path)


def test_a_cache_of_links_side_by_side(tmp_path: Path) -> None:
    """Model and data file are links into one folder of blobs: nothing points out of where the model lies."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot" / "sub").mkdir(parents=True)
    path = write(tmp_path / "blobs")
    for name in ("m.onnx", "one.bin", "sub/two.bin"):
        (tmp_path / "snapshot" / name).symlink_to(tmp_path / "blobs" / name)
    loaded = load(tmp_path / "snapshot" / "m.onnx")
    assert {t.name for t in stored(loaded)} == {"a", "b", "c"}
    assert path.exists()


def test_no_tensor_may_pass_for_one_of_the_model_file(tmp_path: Path) -> None:
    """Data in the model file itself are found by a mark that no file name can be; forged, it is bounded."""
    path = write(tmp_path)
    made = onnx.load(path, load_external_data=False)
    made.graph.initializer[0].ClearField("external_data")
    put_out(made.graph.initializer[0], "\0", 0, 8000)
    path.write_bytes(made.SerializeToString())
    refused(path, "tensor 'a' lies behind the end of the model file")
