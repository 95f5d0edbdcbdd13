"""Graphs of the other lists after onnxsim, which has a virtual environment of its own (tools/peer_environment.py)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.zoo.derived import derived
from tools.zoo.entry import Entry

BASES = (
    "torchvision.resnet18 torchvision.mobilenet_v3_small torchvision.shufflenet_v2_x0_5 hf.bert@torchscript "
    "hf.gpt2@torchscript hf.llama@torchscript hf.vit@torchscript hf.swin@torchscript hf.segformer@torchscript "
    "hf.t5@torchscript hf.wav2vec2@torchscript rnn.crnn@torchscript"
).split()
_PROGRAM = """
import sys, onnx, onnxsim
model, same = onnxsim.simplify(onnx.load(sys.argv[1]))
if not same:
    sys.exit("onnxsim says that its result computes something else")
onnx.save(model, sys.argv[2])
"""


def entries() -> list[Entry]:
    """The list."""
    return [Entry(f"sim.{base}", "simplified", derived(base, simplified)) for base in BASES]


def simplified(source: Path, out: Path) -> None:
    """Raises ValueError with what onnxsim said last."""
    from tools.peer_environment import interpreter

    command = [str(interpreter()), "-c", _PROGRAM, str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"onnxsim failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
