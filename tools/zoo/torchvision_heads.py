"""Torchvision's detectors as they are before boxes are chosen: what follows needs operators that are compiled."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

EDGE = 96


class Heads(nn.Module):
    """Backbone and heads of a one-stage detector."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, x: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """[b, 3, y, x] -> what the heads give, by name."""
        maps = self.backbone(x)
        found: Mapping[str, torch.Tensor] = self.head(list(maps.values()) if isinstance(maps, Mapping) else [maps])
        return found


def net(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A detector by its name in torchvision, with an example picture."""
    from torchvision.models import get_model

    return Heads(get_model(name, weights=None, weights_backbone=None, num_classes=5)), torch.randn(1, 3, EDGE, EDGE)
