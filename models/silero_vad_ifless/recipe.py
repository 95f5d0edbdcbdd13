"""The voice detector with one If left, on the rate: its LSTM cell is unrolled to Gemm, Sigmoid and Tanh."""

from pathlib import Path

from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.silero_vad import recipe as original

FILE = PackagedFile(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_op18_ifless.onnx",
    "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("silero_vad_ifless")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """As silero_vad's."""
    return original.inputs(n, seed)


def score(run: Run, n: int) -> float:
    """As silero_vad's."""
    return original.vad_auc(run, n)
