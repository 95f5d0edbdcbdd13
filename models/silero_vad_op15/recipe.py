"""The voice detector for 16 kHz only, saved at opset 15."""

from pathlib import Path

from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.silero_vad import recipe as original

FILE = PackagedFile(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_16k_op15.onnx",
    "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("silero_vad_op15")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """As silero_vad's."""
    return original.inputs(n, seed)


def score(run: Run, n: int) -> float:
    """As silero_vad's."""
    return original.vad_auc(run, n)
