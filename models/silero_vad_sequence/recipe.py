"""The voice detector over a whole sound at once, 16 kHz only: no If, and an LSTM node."""

from pathlib import Path

import numpy as np

from models.metrics import auc
from models.packages import PackagedFile
from models.recipe import Array, Feeds, Run
from models.sounds import speech_windows

FILE = PackagedFile(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_16k_sequence.onnx",
    "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("silero_vad_sequence")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one sound each: input [T, 576], h and c [1, 1, 128]."""
    return [_call(windows) for windows, _ in speech_windows(n, seed)]


def score(run: Run, n: int) -> float:
    """As silero_vad's."""
    heard = [(run(_call(windows))[0], voiced) for windows, voiced in speech_windows(n, seed=1)]
    voices, noises = ([p for p, voiced in heard if voiced is wanted] for wanted in (True, False))
    return auc(np.concatenate(voices), np.concatenate(noises))


def _call(windows: Array) -> Feeds:
    nothing = np.zeros((1, 1, 128), np.float32)
    return {"input": windows, "h": nothing, "c": nothing}
