"""Torchvision: one or two of every family of classifiers, dense predictors, detectors and video networks."""

from __future__ import annotations

from tools.zoo.entry import Entry
from tools.zoo.made import in_variants

EDGE = 96
CLASSIFIERS = {
    "alexnet": 96,
    "convnext_tiny": 96,
    "densenet121": 96,
    "efficientnet_b0": 96,
    "efficientnet_v2_s": 96,
    "googlenet": 96,
    "inception_v3": 128,
    "maxvit_t": 0,
    "mnasnet0_5": 96,
    "mobilenet_v2": 96,
    "mobilenet_v3_small": 96,
    "mobilenet_v3_large": 96,
    "regnet_x_400mf": 96,
    "regnet_y_400mf": 96,
    "resnet18": 96,
    "resnet50": 96,
    "resnext50_32x4d": 96,
    "wide_resnet50_2": 64,
    "shufflenet_v2_x0_5": 96,
    "squeezenet1_1": 96,
    "swin_t": 96,
    "swin_v2_t": 96,
    "vgg11": 64,
    "vgg11_bn": 64,
    "vit_b_16": 0,
}
"""Name -> edge of its picture; 0 where the network allows only its own."""


DENSE = {
    "fcn_resnet50": {"input": "1x3x64x64", "num_classes": "5"},
    "deeplabv3_mobilenet_v3_large": {"input": "1x3x96x96", "num_classes": "5"},
    "deeplabv3_resnet50": {"input": "1x3x64x64", "num_classes": "5"},
    "lraspp_mobilenet_v3_large": {"input": "1x3x96x96", "num_classes": "5"},
}
VIDEO = {
    "r3d_18": {"input": "1x3x4x48x48"},
    "mc3_18": {"input": "1x3x4x48x48"},
    "r2plus1d_18": {"input": "1x3x4x48x48"},
}
DETECTORS = ("retinanet_resnet50_fpn", "fcos_resnet50_fpn", "ssdlite320_mobilenet_v3_large")
VARIED = {
    "resnet18": ("torchscript", "dynamic"),
    "mobilenet_v3_small": ("torchscript", "dynamic"),
    "vit_b_16": ("torchscript",),
    "swin_t": ("torchscript",),
    "densenet121": ("torchscript",),
    "shufflenet_v2_x0_5": ("torchscript",),
    "efficientnet_b0": ("torchscript",),
    "lraspp_mobilenet_v3_large": ("torchscript", "dynamic"),
}
"""Those that come also from the other exporter and with open dimensions."""


def entries() -> list[Entry]:
    """The list."""
    pictures = {name: {"input": f"1x3x{edge}x{edge}"} if edge else {} for name, edge in CLASSIFIERS.items()}
    found = [entry for name, given in (pictures | DENSE | VIDEO).items() for entry in _entries(name, given)]
    for name in DETECTORS:
        spec = "torch:tools.zoo.torchvision_heads:net"
        found += in_variants(f"torchvision.{name}", "torchvision", spec, {"name": name})
    return found


def _entries(name: str, options: dict[str, str]) -> list[Entry]:
    variants = ("", *VARIED.get(name, ()))
    return in_variants(f"torchvision.{name}", "torchvision", f"torchvision:{name}", options, variants)
