"""Export of the package's weights by transformers."""

from pathlib import Path

from models.making import run
from models.minilm_l6.recipe import FILES
from models.packages import obtain_all
from onnxprune.export import export


def main(file: Path) -> None:
    """Write the ONNX file; batch and length are free."""
    folder = obtain_all(FILES, "minilm_l6")[0].parent
    export(f"transformers:{folder}", file, options={"batch": "2", "seq": "32"}, dynamic=True, run=run)
