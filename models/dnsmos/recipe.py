"""How good a recording of speech sounds: a CNN on a spectrogram, nine seconds to three opinion scores."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.packages import PackagedFile
from models.recipe import Array, Feeds, Run, rng
from models.sounds import babble, hum, mixed

FILE = PackagedFile(
    "speechmos==0.0.1.1",
    "speechmos/dnsmos_models/sig_bak_ovr.onnx",
    "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
)
SAMPLES = 144_160
DECIBELS = (40, 15, 0)
BACKGROUND = 1


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("dnsmos")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one recording each: input_1 [1, 144160], 16 kHz, at 40, 15 and 0 dB in turn."""
    voices = (sound for recordings in _voices(-(-n // len(DECIBELS)), seed) for sound in recordings)
    return [{"input_1": sound} for sound, _ in zip(voices, range(n), strict=False)]


def score(run: Run, n: int) -> float:
    """How often the background score falls from 40 to 15 and from 15 to 0 dB, over n voices."""
    scores = [[run({"input_1": sound})[0][0, BACKGROUND] for sound in recordings] for recordings in _voices(n, seed=1)]
    return float(np.mean(np.diff(scores, axis=1) < 0))


def _voices(n: int, seed: int) -> Iterator[list[Array]]:
    """The same voice and noise at falling signal-to-noise ratios."""
    random, seconds = rng(seed), SAMPLES / 16_000
    for _ in range(n):
        voice, noise = babble(random, seconds), hum(random, seconds)
        yield [mixed(voice, noise, ratio)[None] for ratio in DECIBELS]
