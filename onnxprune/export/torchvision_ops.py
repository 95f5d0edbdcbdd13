"""Let torchvision be imported where its compiled operators don't load.

A torchvision built for another torch (the CUDA wheel beside a CPU torch) can't load its library, and its
import then fails because it describes the operator `torchvision::nms`, which nobody has defined. timm and
transformers import torchvision, so they fail with it. Declaring the two operators is enough: no classifier
calls them.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onnxprune.export.quiet import quiet

_DECLARATIONS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_keep: list[Any] = []  # a library that's collected takes its operators with it


def declare_torchvision_ops() -> None:
    """Declare what torchvision's import needs, if it's installed and its own library doesn't load."""
    if _keep or "torchvision" in sys.modules:
        return
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None or _compiled_ops_load(Path(spec.origin).parent):
        return
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for declaration in _DECLARATIONS:
        library.define(declaration)
    _keep.append(library)


def _compiled_ops_load(package: Path) -> bool:
    import torch

    for file in [*package.glob("_C*.so"), *package.glob("_C*.pyd")]:
        try:
            with quiet():
                torch.ops.load_library(str(file))
        except (OSError, RuntimeError):
            return False
        return True
    return False
