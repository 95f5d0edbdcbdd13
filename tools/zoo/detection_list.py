"""Detectors written here, in the manner of well-known ones."""

from __future__ import annotations

from tools.zoo.entry import Entry
from tools.zoo.made import in_variants

NETS = {
    "tools.zoo.yolo_nets": (
        "yolov3 yolov5 yolov6 yolov7 yolox yolov8 yolov8-masks yolov10 yolov11",
        {"yolov5", "yolov8", "yolov10", "yolov11"},
    ),
    "tools.zoo.detectors": ("retinanet fcos ssd centernet detr", {"retinanet", "detr"}),
}
"""Module -> its nets, and those that come from the other exporter, too."""


def entries() -> list[Entry]:
    """The list."""
    return [
        entry for place, (names, both) in NETS.items() for name in names.split() for entry in _two(place, name, both)
    ]


def _two(place: str, name: str, both: set[str]) -> list[Entry]:
    variants = ("", "torchscript") if name in both else ("",)
    return in_variants(f"detection.{name}", "detection", f"torch:{place}:net", {"name": name}, variants)
