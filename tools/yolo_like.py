"""A one-stage detector in the manner of YOLOv8n: split-and-stack backbone, pyramid neck, decoupled heads."""

import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = (16, 32, 64, 128, 256)
STRIDES = (8, 16, 32)
BINS = 16
CLASSES = 80


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out, eps=1e-3),
            nn.SiLU(),
        )


class Bottleneck(nn.Module):
    """Two 3x3 convolutions, with a shortcut in the backbone."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels, 3)
        self.second = ConvBlock(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        y = self.second(self.first(x))
        return x + y if self.shortcut else y


class SplitStack(nn.Module):
    """Split in halves, run bottlenecks one after another on the second, and concatenate all parts."""

    def __init__(self, c_in: int, c_out: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = c_out // 2
        self.enter = ConvBlock(c_in, 2 * half)
        self.blocks = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(depth))
        self.leave = ConvBlock((2 + depth) * half, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c_in, y, x] -> [b, c_out, y, x]."""
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class PyramidPool(nn.Module):
    """Three max pools in a row, concatenated with their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter = ConvBlock(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.leave = ConvBlock(2 * channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] -> the same."""
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class Backbone(nn.Module):
    """Five strided convolutions; the last three scales go on."""

    def __init__(self) -> None:
        super().__init__()
        w0, w1, w2, w3, w4 = WIDTHS
        self.stem = nn.Sequential(ConvBlock(3, w0, 3, 2), ConvBlock(w0, w1, 3, 2), SplitStack(w1, w1, 1, True))
        self.fine = nn.Sequential(ConvBlock(w1, w2, 3, 2), SplitStack(w2, w2, 2, True))
        self.middle = nn.Sequential(ConvBlock(w2, w3, 3, 2), SplitStack(w3, w3, 2, True))
        self.coarse = nn.Sequential(ConvBlock(w3, w4, 3, 2), SplitStack(w4, w4, 1, True), PyramidPool(w4))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[b, 3, y, x] -> maps at strides 8, 16 and 32."""
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        return fine, middle, self.coarse(middle)


class Neck(nn.Module):
    """Down the pyramid by upsampling, then up again by strides, with a concatenation at each step."""

    def __init__(self) -> None:
        super().__init__()
        _, _, w2, w3, w4 = WIDTHS
        self.down_middle = SplitStack(w4 + w3, w3, 1, False)
        self.down_fine = SplitStack(w3 + w2, w2, 1, False)
        self.stride_fine = ConvBlock(w2, w2, 3, 2)
        self.up_middle = SplitStack(w2 + w3, w3, 1, False)
        self.stride_middle = ConvBlock(w3, w3, 3, 2)
        self.up_coarse = SplitStack(w3 + w4, w4, 1, False)

    def forward(self, fine: torch.Tensor, middle: torch.Tensor, coarse: torch.Tensor) -> list[torch.Tensor]:
        """Maps at three scales -> the same shapes."""
        down = self.down_middle(torch.cat([_double(coarse), middle], 1))
        fine = self.down_fine(torch.cat([_double(down), fine], 1))
        middle = self.up_middle(torch.cat([self.stride_fine(fine), down], 1))
        return [fine, middle, self.up_coarse(torch.cat([self.stride_middle(middle), coarse], 1))]


def _double(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Detect(nn.Module):
    """Per scale one branch for boxes, as distributions over distances, and one for classes; then decoding."""

    bins: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        inputs = WIDTHS[2:]
        box, label = max(16, inputs[0] // 4, 4 * BINS), max(inputs[0], CLASSES)
        self.boxes = nn.ModuleList(_branch(c, box, 4 * BINS) for c in inputs)
        self.labels = nn.ModuleList(_branch(c, label, CLASSES) for c in inputs)
        self.register_buffer("bins", torch.arange(BINS, dtype=torch.float32).view(1, BINS, 1, 1))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Three maps -> [b, 4 + classes, anchors]: centre, size in pixels, and class probabilities."""
        boxes = torch.cat([head(x).flatten(2) for head, x in zip(self.boxes, maps, strict=True)], 2)
        labels = torch.cat([head(x).flatten(2) for head, x in zip(self.labels, maps, strict=True)], 2)
        batch, _, count = boxes.shape
        weights = boxes.view(batch, 4, BINS, count).transpose(1, 2).softmax(1)
        left_top, right_bottom = F.conv2d(weights, self.bins).view(batch, 4, count).chunk(2, 1)
        centres, strides = _anchors(maps)
        low, high = centres - left_top, centres + right_bottom
        return torch.cat([torch.cat([(low + high) / 2, high - low], 1) * strides, labels.sigmoid()], 1)


def _branch(c_in: int, width: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(ConvBlock(c_in, width, 3), ConvBlock(width, width, 3), nn.Conv2d(width, c_out, 1))


def _anchors(maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres of the cells [2, anchors] in cells, and their strides [1, anchors] in pixels."""
    centres, strides = [], []
    for stride, x in zip(STRIDES, maps, strict=True):
        height, width = x.shape[2:]
        y_axis, x_axis = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        centres.append(torch.stack([x_axis.flatten(), y_axis.flatten()]))
        strides.append(torch.full((1, height * width), float(stride)))
    return torch.cat(centres, 1), torch.cat(strides, 1)


class Detector(nn.Module):
    """Backbone, neck and head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.neck, self.detect = Backbone(), Neck(), Detect()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[b, 3, y, x], sides multiples of 32 -> [b, 84, anchors]."""
        return self.detect(self.neck(*self.backbone(images)))


def detector() -> tuple[nn.Module, torch.Tensor]:
    """The detector with a 320x320 example."""
    return Detector(), torch.randn(1, 3, 320, 320)
