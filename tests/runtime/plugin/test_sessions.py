"""Sessions beside each other, threads, and coming and going of the provider."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
import pytest

from onnxprune.graph import from_bytes, pack, save
from onnxprune.runtime import plugin, run
from tests.runtime.plugin.models import close, everything, model, noise, opened, packed_model, sparse

W = sparse(256, 320, kept=0.1)
DENSE = model("g (float[a, 256] x) => (float[a, 320] y) { y = MatMul(x, W) }", {"W": W})
PACKED = packed_model(pack(W, (16, 1)))


@pytest.fixture(params=["operator", "provider"])
def session(request):
    def make(threads: int = 1) -> ort.InferenceSession:
        if request.param == "provider":
            return everything(DENSE) if threads == 1 else opened(DENSE, threads=threads, min_gain=0)
        return opened(PACKED, threads=threads, provider=False)

    return make


def test_several_sessions_at_a_time(session):
    one, other = session(), session()
    for loaded in (one, other, one):
        x = noise(9, 256)
        assert close(run(loaded, {"x": x})["y"], x @ W)
    del one
    gc.collect()
    assert close(run(other, {"x": x})["y"], x @ W)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_calls_from_four_threads(session, threads):
    loaded = session(threads)
    inputs = [noise(1 + 37 * (i % 5), 256, seed=i) for i in range(40)]
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda x: loaded.run(None, {"x": x})[0], inputs))
    assert all(close(y, x @ W) for x, y in zip(inputs, found, strict=True))


def test_threads_do_not_change_a_result(session):
    x = noise(200, 256)
    one, two = (run(session(threads), {"x": x})["y"] for threads in (1, 2))
    assert close(one, two, 1e-6)


def test_registering_is_idempotent_and_can_be_taken_back_twice():
    for _ in range(2):
        devices = plugin.register()
        assert [device.ep_name for device in plugin.register()] == [plugin.EP_NAME] * len(devices)
        x = noise(2, 256)
        assert close(everything(DENSE).run(None, {"x": x})[0], x @ W)
        gc.collect()
        plugin.unregister()
        plugin.unregister()
        assert not any(device.ep_name == plugin.EP_NAME for device in ort.get_ep_devices())


RESIDENT = """
import resource, sys, onnxruntime as ort
from pathlib import Path
from onnxprune.runtime import plugin
def resident(): return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
plugin.register()
before = resident()
session = ort.InferenceSession(sys.argv[1], plugin.session_options(), enable_fallback=0)
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much memory a process has")
def test_the_dense_weight_is_gone_once_it_is_packed(tmp_path):
    w = sparse(2048, 4096, kept=0.05)
    dense = model("g (float[a, 2048] x) => (float[a, 4096] y) { y = MatMul(x, W) }", {"W": w})
    save(from_bytes(dense), tmp_path / "large.onnx", external=True)
    command = [sys.executable, "-c", RESIDENT, str(tmp_path / "large.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 0.5 * w.nbytes


def test_a_process_that_ends_with_a_session_ends_well():
    code = (
        "import sys, onnxruntime as ort\n"
        "from onnxprune.runtime import plugin\n"
        "options = plugin.session_options(min_gain=0)\n"
        "session = ort.InferenceSession(sys.stdin.buffer.read(), options, enable_fallback=0)\n"
        "import numpy; session.run(None, {'x': numpy.ones((3, 256), 'f')})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=DENSE, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_errors_of_a_run_are_not_tried_again_elsewhere():
    loaded = opened(packed_model(pack(sparse(64, 32), (16, 1)), residual=True), provider=False)
    with pytest.raises(Exception, match="isn't of the output's shape"):
        loaded.run(None, {"x": noise(3, 64), "residual": np.zeros((2, 32), np.float32)})
    assert loaded.get_providers() == ["CPUExecutionProvider"]
