import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import file_size


def test_external_data_is_counted_once(tmp_path):
    model, data = tmp_path / "model.onnx", tmp_path / "model.data"
    model.write_bytes(b"123")
    data.write_bytes(b"45678")
    assert file_size(model) == 3
    assert file_size(str(model), [data, data]) == 8


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*missing\.onnx"):
        file_size(tmp_path / "missing.onnx")
