"""What an export made."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Port:
    """An input or output of the exported graph: a dynamic axis has a name in place of a length."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class ExportResult:
    """An exported file and how it was made.

    `max_error` is the largest |framework - ONNX| over the largest |framework| of any output, or None if the
    file wasn't run. `parameters` counts the scalars that the module trains. `seconds` is wall time.
    """

    path: Path
    source: str
    exporter: str
    opset: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    parameters: int
    max_error: float | None
    seconds: float
