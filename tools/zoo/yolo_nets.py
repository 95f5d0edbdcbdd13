"""Detectors in the manner of the versions of YOLO: one frame, with each version's stages and heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from tools.yolo_like import WIDTHS, ConvBlock, Detect, PyramidPool, SplitStack
from tools.zoo.yolo_blocks import Aggregated, Branched, CrossStage, Darknet, Nested, PartialAttention
from tools.zoo.yolo_heads import Anchored, Decoupled, EndToEnd, Masks

Stage = Callable[[int, int, int, bool], nn.Module]
"""(channels in, channels out, depth, with shortcuts) -> stage."""

EDGE = 128


class SeparateDown(nn.Sequential):
    """A pointwise convolution, then a strided one of every channel by itself (v10)."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 3, stride: int = 2) -> None:
        depthwise = nn.Conv2d(c_out, c_out, kernel, stride, kernel // 2, groups=c_out, bias=False)
        super().__init__(ConvBlock(c_in, c_out), depthwise, nn.BatchNorm2d(c_out))


class Focus(nn.Module):
    """Every second pixel becomes a channel of its own, by slices (v5's first versions, YOLOX)."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.leave = ConvBlock(4 * c_in, c_out, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c_in, y, x] -> [b, c_out, y / 2, x / 2]."""
        corners = [x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]]
        return self.leave(torch.cat(corners, 1))


class Yolo(nn.Module):
    """Backbone of five strides, pyramid down and up again, head."""

    def __init__(
        self,
        stage: Stage,
        head: nn.Module,
        *,
        tail: Sequence[nn.Module] = (),
        stem: nn.Module | None = None,
        down: Callable[[int, int, int, int], nn.Module] = ConvBlock,
    ) -> None:
        super().__init__()
        w0, w1, w2, w3, w4 = WIDTHS
        self.stem = nn.Sequential(stem or ConvBlock(3, w0, 3, 2), ConvBlock(w0, w1, 3, 2), stage(w1, w1, 1, True))
        self.fine = nn.Sequential(ConvBlock(w1, w2, 3, 2), stage(w2, w2, 2, True))
        self.middle = nn.Sequential(down(w2, w3, 3, 2), stage(w3, w3, 2, True))
        self.coarse = nn.Sequential(down(w3, w4, 3, 2), stage(w4, w4, 1, True), *tail)
        self.down_middle, self.down_fine = stage(w4 + w3, w3, 1, False), stage(w3 + w2, w2, 1, False)
        self.stride_fine, self.stride_middle = ConvBlock(w2, w2, 3, 2), down(w3, w3, 3, 2)
        self.up_middle, self.up_coarse = stage(w2 + w3, w3, 1, False), stage(w3 + w4, w4, 1, False)
        self.head = head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x], sides multiples of 32 -> what the head gives."""
        fine = self.fine(self.stem(images))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        down = self.down_middle(torch.cat([_double(coarse), middle], 1))
        fine = self.down_fine(torch.cat([_double(down), fine], 1))
        middle = self.up_middle(torch.cat([self.stride_fine(fine), down], 1))
        coarse = self.up_coarse(torch.cat([self.stride_middle(middle), coarse], 1))
        return self.head([fine, middle, coarse])


def _double(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _pool() -> nn.Module:
    return PyramidPool(WIDTHS[-1])


def _attentive() -> list[nn.Module]:
    return [_pool(), PartialAttention(WIDTHS[-1])]


_NETS: dict[str, Callable[[], nn.Module]] = {
    "yolov3": lambda: Yolo(Darknet, Anchored(squared=False)),
    "yolov5": lambda: Yolo(CrossStage, Anchored(squared=True), tail=[_pool()]),
    "yolov6": lambda: Yolo(Branched, Decoupled(), tail=[_pool()]),
    "yolov7": lambda: Yolo(Aggregated, Anchored(squared=True), tail=[_pool()]),
    "yolox": lambda: Yolo(CrossStage, Decoupled(), stem=Focus(3, WIDTHS[0]), tail=[_pool()]),
    "yolov8": lambda: Yolo(SplitStack, Detect(), tail=[_pool()]),
    "yolov8-masks": lambda: Yolo(SplitStack, Masks(), tail=[_pool()]),
    "yolov10": lambda: Yolo(SplitStack, EndToEnd(), tail=_attentive(), down=SeparateDown),
    "yolov11": lambda: Yolo(Nested, Detect(), tail=_attentive()),
}
NAMES = tuple(_NETS)


def net(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A detector by name, with an example picture."""
    return _NETS[name](), torch.randn(1, 3, EDGE, EDGE)
