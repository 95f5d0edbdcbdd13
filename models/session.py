"""Running a reference model."""

from functools import cache
from pathlib import Path
from typing import cast

import onnxruntime as ort

from models.recipe import Array, Feeds, Run


@cache
def runner(path: Path) -> Run:
    """Runs the model of that file on one CPU thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(feeds: Feeds) -> list[Array]:
        return cast(list[Array], session.run(None, feeds))

    return run
