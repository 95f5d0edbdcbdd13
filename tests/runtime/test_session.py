import numpy as np
import onnxruntime as ort
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import available_providers, session, session_options

RELU_TWICE = "g (float[2] x) => (float[2] y) { z = Relu(x)  y = Relu(z) }"


def test_runs_a_path_and_bytes_alike(build, save):
    x = np.array([-1, 2], np.float32)
    for model in (save(RELU_TWICE), str(save(RELU_TWICE)), build(RELU_TWICE)):
        assert session(model).run(None, {"x": x})[0].tolist() == [0, 2]


def test_options_ask_for_repeatable_timing():
    options = session_options(threads=2)
    assert options.intra_op_num_threads == 2
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_ALL


def test_optimizations_can_be_switched_off():
    options = session_options(optimize=False)
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_DISABLE_ALL


def test_profile_writes_beside_the_prefix(build, tmp_path):
    loaded = session(build(RELU_TWICE), profile=tmp_path / "prof")
    loaded.run(None, {"x": np.zeros(2, np.float32)})
    written = loaded.end_profiling()
    assert [str(path) for path in tmp_path.iterdir()] == [written]


def test_cpu_is_available_and_used(build):
    assert "cpu" in available_providers()
    assert session(build(RELU_TWICE)).get_providers() == ["CPUExecutionProvider"]


@pytest.mark.skipif("cuda" in available_providers(), reason="the provider is there")
def test_a_provider_that_is_not_installed(build):
    with pytest.raises(InputError, match=r"'cuda' is not in the installed ONNX Runtime, which has cpu"):
        session(build(RELU_TWICE), provider="cuda")


def test_an_unknown_provider(build):
    with pytest.raises(InputError, match=r"unknown provider 'tpu': known are cpu, cuda"):
        session(build(RELU_TWICE), provider="tpu")


def test_no_threads(build):
    with pytest.raises(InputError, match="at least 1, not 0"):
        session(build(RELU_TWICE), threads=0)


def test_load_errors_name_the_model_and_the_cause_in_one_line(build, tmp_path):
    missing = tmp_path / "missing.onnx"
    with pytest.raises(InputError, match=r"could not load .*missing\.onnx: .*doesn't exist") as caught:
        session(missing)
    assert "\n" not in str(caught.value)
    assert "ONNXRuntimeError" not in str(caught.value)
    with pytest.raises(InputError, match=r"a model of 7 bytes: .*protobuf"):
        session(b"garbage")
    with pytest.raises(InputError, match="No Op registered for NoSuchOp"):
        session(build("g (float[2] x) => (float[2] y) { y = NoSuchOp(x) }"))
