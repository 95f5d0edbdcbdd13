"""`calib.npz`: arrays by input name."""

from __future__ import annotations

from pathlib import Path

from onnxprune.calibration.cutting import cut
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.stored import load_npz, sha256


def _fits(text: str) -> bool:
    return Path(text).suffix.lower() == ".npz" and Path(text).is_file()


@source("FILE.npz", _fits)
def npz(request: Request) -> Found:
    """The arrays are cut along the batch."""
    arrays = load_npz(request.path)
    return cut(arrays, request.specs, request.samples, request.text, sha256(request.path), request.labels)
