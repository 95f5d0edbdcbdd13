"""Detectors of other kinds than YOLO: one- and two-branch heads that all maps share, key points, and queries."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, ANCHORS = 20, 3


def _conv(c_in: int, c_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


class _Backbone(nn.Module):
    """Three maps, at strides 8, 16 and 32."""

    widths = (64, 96, 128)

    def __init__(self) -> None:
        super().__init__()
        a, b, c = self.widths
        self.fine = nn.Sequential(_conv(3, 32, 2), _conv(32, 48, 2), _conv(48, a, 2), _conv(a, a))
        self.middle = nn.Sequential(_conv(a, b, 2), _conv(b, b))
        self.coarse = nn.Sequential(_conv(b, c, 2), _conv(c, c))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """[b, 3, y, x] -> maps of `widths` channels."""
        fine = self.fine(x)
        middle = self.middle(fine)
        return [fine, middle, self.coarse(middle)]


class _Pyramid(nn.Module):
    """Maps of one width, each with the next coarser one added. Lin et al. 2017, "Feature Pyramid Networks"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.backbone = _Backbone()
        self.enter = nn.ModuleList(nn.Conv2d(c, width, 1) for c in _Backbone.widths)
        self.leave = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in _Backbone.widths)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """[b, 3, y, x] -> three maps of `width` channels."""
        maps = [enter(m) for enter, m in zip(self.enter, self.backbone(x), strict=True)]
        for k in (1, 0):
            maps[k] = maps[k] + F.interpolate(maps[k + 1], size=maps[k].shape[2:], mode="nearest")
        return [leave(m) for leave, m in zip(self.leave, maps, strict=True)]


class SharedHeads(nn.Module):
    """Two towers that all maps share. Lin et al. 2017, "Focal Loss for Dense Object Detection" (RetinaNet); with
    group normalisation and centredness Tian et al. 2019, "FCOS"."""

    def __init__(self, normalised: bool, width: int = 64) -> None:
        super().__init__()
        anchors = 1 if normalised else ANCHORS
        self.pyramid = _Pyramid(width)
        self.labels, self.boxes = _tower(width, normalised), _tower(width, normalised)
        self.label = nn.Conv2d(width, anchors * CLASSES, 3, 1, 1)
        self.box = nn.Conv2d(width, anchors * 4, 3, 1, 1)
        self.centre = nn.Conv2d(width, 1, 3, 1, 1) if normalised else None

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """[b, 3, y, x] -> classes [b, boxes, classes], boxes [b, boxes, 4], centredness [b, boxes, 1]."""
        found: list[list[torch.Tensor]] = [[], [], []]
        for m in self.pyramid(x):
            label, box = self.labels(m), self.boxes(m)
            found[0].append(_rows(self.label(label), CLASSES))
            found[1].append(_rows(self.box(box), 4))
            if self.centre is not None:
                found[2].append(_rows(self.centre(box), 1))
        return [torch.cat(parts, 1) for parts in found if parts]


def _tower(width: int, normalised: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.Conv2d(width, width, 3, 1, 1), *([nn.GroupNorm(8, width)] if normalised else []), nn.ReLU()]
    return nn.Sequential(*layers)


def _rows(x: torch.Tensor, wide: int) -> torch.Tensor:
    b, _, height, width = x.shape
    return x.view(b, -1, wide, height, width).permute(0, 3, 4, 1, 2).reshape(b, -1, wide)


class MultiBox(nn.Module):
    """A head of its own on every map. Liu et al. 2016, "SSD"."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _Backbone()
        self.label = nn.ModuleList(nn.Conv2d(c, ANCHORS * CLASSES, 3, 1, 1) for c in _Backbone.widths)
        self.box = nn.ModuleList(nn.Conv2d(c, ANCHORS * 4, 3, 1, 1) for c in _Backbone.widths)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[b, 3, y, x] -> classes [b, boxes, classes], boxes [b, boxes, 4]."""
        maps = self.backbone(x)
        labels = [head(m).permute(0, 2, 3, 1).flatten(1) for head, m in zip(self.label, maps, strict=True)]
        boxes = [head(m).permute(0, 2, 3, 1).flatten(1) for head, m in zip(self.box, maps, strict=True)]
        b = x.shape[0]
        return torch.cat(labels, 1).view(b, -1, CLASSES).softmax(-1), torch.cat(boxes, 1).view(b, -1, 4)


class KeyPoints(nn.Module):
    """Objects are peaks of a map. Zhou et al. 2019, "Objects as Points" (CenterNet)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.backbone = _Backbone()
        ups = [(_Backbone.widths[2], width), (width, width)]
        steps = [[nn.ConvTranspose2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.ReLU()] for a, b in ups]
        self.up = nn.Sequential(*(layer for step in steps for layer in step))
        outputs = {"heat": CLASSES, "size": 2, "offset": 2}
        self.heads = nn.ModuleDict({name: _head(width, count) for name, count in outputs.items()})

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """[b, 3, y, x] -> peaks [b, classes, y / 8, x / 8], sizes and offsets [b, 2, y / 8, x / 8]."""
        x = self.up(self.backbone(x)[2])
        heat = self.heads["heat"](x).sigmoid()
        peaks = heat * (F.max_pool2d(heat, 3, 1, 1) == heat)
        return [peaks, self.heads["size"](x), self.heads["offset"](x)]


def _head(width: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, c_out, 1))


class Queries(nn.Module):
    """A transformer asks the map for objects. Carion et al. 2020, "End-to-End Object Detection with Transformers"."""

    def __init__(self, width: int = 64, queries: int = 12) -> None:
        super().__init__()
        self.backbone, self.enter = _Backbone(), nn.Conv2d(_Backbone.widths[2], width, 1)
        self.rows, self.columns = (nn.Parameter(torch.rand(50, width // 2)) for _ in range(2))
        self.queries = nn.Parameter(torch.rand(queries, width))
        self.mixer = nn.Transformer(width, 4, 2, 2, 128, 0.0, batch_first=True)
        self.label, self.box = nn.Linear(width, CLASSES), nn.Linear(width, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[b, 3, y, x] -> classes [b, queries, classes] and boxes [b, queries, 4]."""
        x = self.enter(self.backbone(x)[2])
        b, _, height, width = x.shape
        columns = self.columns[:width].unsqueeze(0).repeat(height, 1, 1)
        rows = self.rows[:height].unsqueeze(1).repeat(1, width, 1)
        places = torch.cat([columns, rows], 2).flatten(0, 1).unsqueeze(0)
        found = self.mixer(places + 0.1 * x.flatten(2).transpose(1, 2), self.queries.unsqueeze(0).expand(b, -1, -1))
        return self.label(found), self.box(found).sigmoid()


_NETS: dict[str, Callable[[], nn.Module]] = {
    "retinanet": lambda: SharedHeads(False),
    "fcos": lambda: SharedHeads(True),
    "ssd": MultiBox,
    "centernet": KeyPoints,
    "detr": Queries,
}
NAMES = tuple(_NETS)


def net(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A detector by name, with an example picture."""
    return _NETS[name](), torch.randn(1, 3, 128, 128)
