from pathlib import Path

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import memory, peak_memory

MEBI = 2**20


def expand(columns):
    """A model that makes `columns` MiB of activations out of a scalar."""
    return f"""g (float x) => (float z) <int64[2] shape = {{{columns}, 262144}}> {{
        y = Expand(x, shape)
        z = ReduceMax<keepdims = 0>(y)
    }}"""


def test_activations_are_counted(save):
    feeds = {"x": np.array(1, np.float32)}
    small = peak_memory(save(expand(1), "small.onnx"), feeds)
    large = peak_memory(save(expand(64), "large.onnx"), feeds)
    assert small > 0
    assert 60 * MEBI < large - small < 200 * MEBI


def test_the_inputs_are_not_counted_and_strings_pass(save):
    path = save("g (string[n] s, float[m] x) => (string[n] t, int64[1] k) { t = Identity(s)  k = Shape(x) }")
    feeds = {"s": np.array(["a", "bc"], object), "x": np.zeros(16 * MEBI, np.float32)}
    assert 0 < peak_memory(path, feeds) < 64 * MEBI


def test_errors_come_from_the_measuring_process(save, tmp_path):
    with pytest.raises(InputError, match=r"could not load .*missing\.onnx"):
        peak_memory(tmp_path / "missing.onnx", {})
    with pytest.raises(InputError, match="could not run the model"):
        peak_memory(save(expand(1)), {})
    with pytest.raises(InputError, match="did not run once within"):
        peak_memory(save(expand(1)), {}, timeout=0.001)
    with pytest.raises(InputError, match="unknown provider 'none'"):
        peak_memory(save(expand(1)), {"x": np.array(1, np.float32)}, provider="none")


def test_a_measuring_process_that_dies(save, monkeypatch):
    monkeypatch.setattr(memory, "_CHILD", "raise SystemExit('killed by a test')")
    with pytest.raises(InputError, match=r"model\.onnx ended with 1: killed by a test"):
        peak_memory(save(expand(1)), {"x": np.array(1, np.float32)})


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is only one way here")
def test_both_ways_to_ask_for_the_peak_agree(monkeypatch):
    by_proc = memory._resident_peak()
    monkeypatch.setattr(memory, "_STATUS", Path("/nowhere"))
    assert memory._resident_peak() == pytest.approx(by_proc, rel=0.5)
