"""What versions of YOLO put on their three maps, of WIDTHS[2:] channels at strides 8, 16 and 32: boxes and classes."""

from __future__ import annotations

import torch
from torch import nn

from tools.yolo_like import STRIDES, WIDTHS, ConvBlock, Detect

CLASSES = 20
ANCHORS = 3


class Anchored(nn.Module):
    """One convolution for each map gives boxes and classes for three anchors (v3 to v5, v7)."""

    sizes: torch.Tensor

    def __init__(self, squared: bool) -> None:
        super().__init__()
        self.squared = squared
        self.leave = nn.ModuleList(nn.Conv2d(c, ANCHORS * (5 + CLASSES), 1) for c in WIDTHS[2:])
        self.register_buffer("sizes", torch.tensor([[10.0, 13.0], [16.0, 30.0], [33.0, 23.0]]).view(1, 3, 1, 1, 2))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Three maps -> [b, boxes, 5 + classes]."""
        parts = zip(self.leave, maps, STRIDES, strict=True)
        return torch.cat([self._decoded(leave(x), stride) for leave, x, stride in parts], 1)

    def _decoded(self, x: torch.Tensor, stride: int) -> torch.Tensor:
        b, _, height, width = x.shape
        x = x.view(b, ANCHORS, 5 + CLASSES, height, width).permute(0, 1, 3, 4, 2).contiguous()
        y_axis, x_axis = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack((x_axis, y_axis), 2).view(1, 1, height, width, 2).float()
        if self.squared:
            centre, size, rest = x.sigmoid().split((2, 2, 1 + CLASSES), 4)
            boxes = [(centre * 2 + grid - 0.5) * stride, (size * 2) ** 2 * self.sizes, rest]
        else:
            boxes = [(x[..., :2].sigmoid() + grid) * stride, x[..., 2:4].exp() * self.sizes, x[..., 4:].sigmoid()]
        return torch.cat(boxes, 4).view(b, ANCHORS * height * width, 5 + CLASSES)


class Decoupled(nn.Module):
    """Branches for boxes and for classes behind a common stem, without anchors. Ge et al. 2021, "YOLOX"."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stems = nn.ModuleList(ConvBlock(c, width) for c in WIDTHS[2:])
        self.boxes = nn.ModuleList(_branch(width) for _ in STRIDES)
        self.labels = nn.ModuleList(_branch(width) for _ in STRIDES)
        self.box = nn.ModuleList(nn.Conv2d(width, 4, 1) for _ in STRIDES)
        self.object = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in STRIDES)
        self.label = nn.ModuleList(nn.Conv2d(width, CLASSES, 1) for _ in STRIDES)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Three maps -> [b, boxes, 5 + classes]."""
        found = []
        for k, x in enumerate(maps):
            x = self.stems[k](x)
            a, b = self.boxes[k](x), self.labels[k](x)
            parts = [self.box[k](a), self.object[k](a).sigmoid(), self.label[k](b).sigmoid()]
            found.append(torch.cat(parts, 1).flatten(2))
        return torch.cat(found, 2).permute(0, 2, 1)


def _branch(width: int) -> nn.Sequential:
    return nn.Sequential(ConvBlock(width, width, 3), ConvBlock(width, width, 3))


class EndToEnd(nn.Module):
    """The best boxes, chosen in the graph: no suppression follows (v10)."""

    def __init__(self, most: int = 20) -> None:
        super().__init__()
        self.detect, self.most = Detect(), most

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Three maps -> [b, most, 6]: box, score and class."""
        boxes, scores = self.detect(maps).transpose(1, 2).split((4, self.detect.labels[0][-1].out_channels), 2)
        _, index = scores.amax(2).topk(self.most, 1)
        boxes = boxes.gather(1, index[..., None].expand(-1, -1, 4))
        scores = scores.gather(1, index[..., None].expand(-1, -1, scores.shape[2]))
        best, place = scores.flatten(1).topk(self.most, 1)
        labels = place % scores.shape[2]
        boxes = boxes.gather(1, (place // scores.shape[2])[..., None].expand(-1, -1, 4))
        return torch.cat([boxes, best[..., None], labels[..., None].to(boxes.dtype)], 2)


class Masks(nn.Module):
    """Boxes with coefficients for masks that all boxes share (v8's segmentation)."""

    def __init__(self, masks: int = 16) -> None:
        super().__init__()
        fine = WIDTHS[2]
        self.detect = Detect()
        self.weights = nn.ModuleList(nn.Sequential(ConvBlock(c, 32, 3), nn.Conv2d(32, masks, 1)) for c in WIDTHS[2:])
        up = nn.ConvTranspose2d(fine, fine, 2, 2)
        self.masks = nn.Sequential(ConvBlock(fine, fine, 3), up, ConvBlock(fine, fine, 3), ConvBlock(fine, masks))

    def forward(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Three maps -> [b, 4 + classes + masks, boxes] and [b, masks, y, x]."""
        weights = [leave(x).flatten(2) for leave, x in zip(self.weights, maps, strict=True)]
        return torch.cat([self.detect(maps), torch.cat(weights, 2)], 1), self.masks(maps[0])
