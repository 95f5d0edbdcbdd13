from collections.abc import Callable
from pathlib import Path

import onnx.parser
import pytest

HEADER = '<ir_version: 8, opset_import: ["" : 18]>\n'


@pytest.fixture
def build() -> Callable[[str], bytes]:
    """Serialize a graph given in ONNX text."""
    return lambda text: onnx.parser.parse_model(HEADER + text).SerializeToString()


@pytest.fixture
def save(build: Callable[[str], bytes], tmp_path: Path) -> Callable[..., Path]:
    """Write a graph given in ONNX text to a file."""

    def write(text: str, name: str = "model.onnx") -> Path:
        path = tmp_path / name
        path.write_bytes(build(text))
        return path

    return write
