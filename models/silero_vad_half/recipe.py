"""The voice detector for 16 kHz only, without the rate as an input."""

from pathlib import Path

from models.packages import PackagedFile
from models.recipe import Array, Feeds, Run
from models.silero_vad import recipe as original

FILE = PackagedFile(
    "silero-vad==6.2.3",
    "silero_vad/data/silero_vad_half.onnx",
    "1e0b195ad4806595ef4466f419d16fca7e4afcfc6669b8c0b5f76ea87547c769",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("silero_vad_half")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """As silero_vad's, without sr."""
    return [_without_rate(feeds) for feeds in original.inputs(n, seed)]


def score(run: Run, n: int) -> float:
    """As silero_vad's."""

    def run_at_its_rate(feeds: Feeds) -> list[Array]:
        return list(run(_without_rate(feeds)))

    return original.vad_auc(run_at_its_rate, n)


def _without_rate(feeds: Feeds) -> Feeds:
    return {name: value for name, value in feeds.items() if name != "sr"}
