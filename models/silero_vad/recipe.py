"""Is somebody speaking? An STFT as a convolution, four more, and an LSTM cell, behind an If on the rate."""

from pathlib import Path

import numpy as np

from models.metrics import auc
from models.packages import PackagedFile
from models.recipe import Array, Feeds, Run
from models.sounds import speech_windows

FILE = PackagedFile(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad.onnx",
    "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
)
RATE = np.array(16_000, np.int64)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("silero_vad")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of eight windows each: input [8, 576], state [2, 8, 128], sr."""
    state = np.zeros((2, 8, 128), np.float32)
    sounds = speech_windows(n, seed)
    return [{"input": windows[:8], "state": state, "sr": RATE} for windows, _ in sounds]


def score(run: Run, n: int) -> float:
    """Area under the ROC curve over the windows of n sounds: babble in noise against noise alone."""
    return vad_auc(run, n)


def vad_auc(run: Run, n: int) -> float:
    """As score, for every encoding of the network that takes one window at a time and a state."""
    heard = [(probabilities(run, windows), voiced) for windows, voiced in speech_windows(n, seed=1)]
    voices, noises = ([p for p, voiced in heard if voiced is wanted] for wanted in (True, False))
    return auc(np.concatenate(voices), np.concatenate(noises))


def probabilities(run: Run, windows: Array) -> Array:
    """Window after window of one sound, the state handed on: [T, 576] -> [T]."""
    state, heard = np.zeros((2, 1, 128), np.float32), []
    for window in windows:
        probability, state = run({"input": window[None], "state": state, "sr": RATE})
        heard.append(probability[0, 0])
    return np.array(heard)
