"""`calib.npy`: the array of a model with one input."""

from __future__ import annotations

from pathlib import Path

from onnxprune.calibration.cutting import cut
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.stored import load_npy, only_input, sha256


def _fits(text: str) -> bool:
    return Path(text).suffix.lower() == ".npy" and Path(text).is_file()


@source("FILE.npy", _fits)
def npy(request: Request) -> Found:
    """The array is cut along the batch; it stays on disk."""
    spec = only_input(request.specs, request.text)
    return cut({spec.name: load_npy(request.path)}, request.specs, request.samples, request.text, sha256(request.path))
