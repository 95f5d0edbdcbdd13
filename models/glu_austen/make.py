"""The network and its training: those of gpt_austen with gated feed-forward parts."""

from pathlib import Path

from models.gpt_austen.make import Gpt, train

UNITS = 344


def main(file: Path) -> None:
    """Train, and write the ONNX file."""
    train(file, "glu_austen", Gpt(gated=UNITS))
