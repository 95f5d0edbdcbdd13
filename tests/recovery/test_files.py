"""Recovery of model files: what is written, and what never is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Inputs, Options, Target, optimize, recover
from onnxprune.pruning.retrain import SUFFIX
from onnxprune.recovery import Effort, Training
from tests.recovery.small import files, samples

QUICK = Training(Effort(steps=150), rate=0.02)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    np.savez(tmp_path / "data.npz", x=samples())
    return Inputs(str(tmp_path / "data.npz"))


def weights(model: onnx.ModelProto) -> dict[str, bytes]:
    return {t.name: t.raw_data for t in model.graph.initializer}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_only_weights_change(tmp_path: Path, inputs: Inputs, dtype: type) -> None:
    dense, pruned = files(tmp_path, dtype=dtype)
    np.savez(tmp_path / "data.npz", x=samples().astype(dtype))
    found = recover(dense, pruned, tmp_path / "out.onnx", QUICK, inputs)
    assert found.gained and found.written == [tmp_path / "out.onnx"]
    assert found.after.worst.kl is not None and found.before.worst.kl is not None
    assert found.after.worst.kl < 0.5 * found.before.worst.kl
    before, after = onnx.load(pruned), onnx.load(tmp_path / "out.onnx")
    assert weights(before).keys() == weights(after).keys()
    assert all(a != b for a, b in zip(weights(before).values(), weights(after).values(), strict=True))
    for one, other in zip(before.graph.initializer, after.graph.initializer, strict=True):
        other.CopyFrom(one)
    assert after.SerializeToString() == before.SerializeToString()


def test_no_worse_than_what_was_given(tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student that needs nothing gains nothing: its weights are what they were."""
    dense, _ = files(tmp_path)
    found = recover(dense, dense, tmp_path / "out.onnx", QUICK, inputs)
    assert not found.gained and found.before == found.after
    assert any("nothing was gained" in text for text in found.warnings)
    assert weights(onnx.load(tmp_path / "out.onnx")) == weights(onnx.load(dense))


def test_what_is_worse_in_onnx_runtime_is_dropped(
    tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense, pruned = files(tmp_path)
    losses = iter([1.0, 2.0])
    monkeypatch.setattr("onnxprune.pruning.retrain._loss", lambda *_: next(losses))
    found = recover(dense, pruned, tmp_path / "out.onnx", QUICK, inputs)
    assert not found.gained and any("in ONNX Runtime, so it was dropped" in text for text in found.warnings)
    assert weights(onnx.load(tmp_path / "out.onnx")) == weights(onnx.load(pruned))


def test_a_fixed_batch(tmp_path: Path) -> None:
    """Calls of one sample are added up to steps."""
    dense, pruned = files(tmp_path, batch=1)
    folder = tmp_path / "calls"
    folder.mkdir()
    for number, row in enumerate(samples(64)):
        np.save(folder / f"{number:03}.npy", row[None])
    found = recover(dense, pruned, tmp_path / "out.onnx", QUICK, Inputs(str(folder)))
    assert found.gained and found.after.loss <= found.before.loss


def test_without_data_it_says_what_that_means(tmp_path: Path) -> None:
    dense, pruned = files(tmp_path)
    found = recover(dense, pruned, tmp_path / "out.onnx", Training(Effort(steps=20)))
    assert any("made up" in text for text in found.warnings)


def test_bad_places(tmp_path: Path, inputs: Inputs) -> None:
    dense, pruned = files(tmp_path)
    for place in (tmp_path, tmp_path / "nowhere" / "out.onnx"):
        with pytest.raises(InputError, match="can't be written there"):
            recover(dense, pruned, place, QUICK, inputs)
    with pytest.raises(InputError, match="the output is the dense model"):
        recover(dense, pruned, dense, QUICK, inputs)
    with pytest.raises(InputError, match="no such file"):
        recover(dense, tmp_path / "none.onnx", tmp_path / "out.onnx", QUICK, inputs)


def test_optimize_recovers_before_it_writes(tmp_path: Path, inputs: Inputs) -> None:
    dense, _ = files(tmp_path)
    options = Options(Target("macs", 0.5), calibration=inputs.data, repair="none", criterion="random", bench=False)
    plain = optimize(dense, tmp_path / "plain.onnx", options)
    assert plain.recovery is None
    options = Options(
        Target("macs", 0.5), calibration=inputs.data, repair="none", criterion="random", bench=False, recover=QUICK
    )
    result = optimize(dense, tmp_path / "out.onnx", options)
    assert result.proof.ok and result.recovery is not None and result.recovery.gained
    assert result.plan.decided["recover"] == "full, 150 steps"
    before, after = (weights(onnx.load(tmp_path / name)) for name in ("plain.onnx", "out.onnx"))
    assert {name: len(v) for name, v in before.items()} == {name: len(v) for name, v in after.items()}
    assert before["a.weight"] != after["a.weight"]


def test_killed_and_started_again(tmp_path: Path, inputs: Inputs) -> None:
    """A killed run leaves the old output, a checkpoint, and nothing that the next run doesn't sweep."""
    dense, pruned = files(tmp_path)
    out = tmp_path / "out.onnx"
    out.write_bytes(b"old")
    script = (
        "import onnxprune.recovery.trainer as t; t.SECONDS = 0.0; import sys; from onnxprune.cli import main; "
        "sys.argv = ['onnxprune', *sys.argv[1:]]; main()"
    )
    words = ["recover", dense, pruned, "-o", out, "--data", inputs.data, "--for", "500", "--rate", "0.02"]
    command = [sys.executable, "-c", script, *map(str, words)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = out.with_name(out.name + SUFFIX)
    while not checkpoint.exists() and run.poll() is None:
        time.sleep(0.05)
    assert run.poll() is None, "it ended before it could be killed"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert out.read_bytes() == b"old" and checkpoint.exists()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "went on from step" in again.stderr
    onnx.checker.check_model(onnx.load(out))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.npz", "dense.onnx", "out.onnx", "pruned.onnx"]


def test_two_processes(tmp_path: Path, inputs: Inputs) -> None:
    """Both take their share of every step; one of them tells and writes."""
    dense, pruned = files(tmp_path)
    out = tmp_path / "out.onnx"
    words = ["recover", dense, pruned, "-o", out, "--data", inputs.data, "--for", "150", "--rate", "0.02", "--json"]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "onnxprune",
    ]
    done = subprocess.run([*command, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"mode": "full"') == 1
    assert '"gained": true' in done.stdout
    onnx.checker.check_model(onnx.load(out))
    assert weights(onnx.load(out)) != weights(onnx.load(pruned))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.npz", "dense.onnx", "out.onnx", "pruned.onnx"]
