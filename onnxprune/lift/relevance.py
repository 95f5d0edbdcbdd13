"""Layer-wise relevance propagation: what is explained is handed back in shares, not by slopes.

Bach et al. 2015, "On Pixel-Wise Explanations", with alpha = 1 and beta = 0, as Yeom et al. 2021, "Pruning by
Explaining", prune by it: an input of a layer gets of what an output is worth its share of all that pushed that output
up. Written as a gradient (Montavon et al. 2019, "Layer-Wise Relevance Propagation: An Overview"): where layers multiply
with weights, the slope of z becomes z / z+ times that of z+, the sum of the positive products, and then activation
times gradient is the relevance. All else hands back by its own slope; products of activations with each other do too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

LEAST = 1e-9
"""Of what pushes an output up; below it there is nothing to share."""

_PRODUCTS = (torch.matmul, torch.mm, Tensor.matmul, Tensor.__matmul__)
_CONVOLUTIONS = (F.conv1d, F.conv2d, F.conv3d, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


class Relevance(TorchFunctionMode):
    """Within it, what multiplies with weights hands back relevance. What is computed stays as it is."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Torch calls this for every function."""
        made = func(*args, **(kwargs or {}))
        if func in _CONVOLUTIONS:
            x, weight, _, *rest = [*args, None][: max(len(args), 3)]
            return _shared(made, x, weight, lambda a, w: func(a, w, None, *rest, **_without_bias(kwargs)))
        if func in _PRODUCTS and args[1].dim() == 2:
            return _shared(made, args[0], args[1], torch.matmul)
        if func is torch.addmm:
            factor = float((kwargs or {}).get("alpha", 1))
            return _shared(made, args[1], args[2], lambda a, w: torch.mm(a, w) * factor)
        return made


def _without_bias(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (kwargs or {}).items() if name != "bias"}


def _shared(made: Tensor, x: Tensor, weight: Tensor, product: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The same numbers, whose slopes are shares of what pushed them up."""
    if not made.is_floating_point() or not made.requires_grad:
        return made
    up = product(x.clamp_min(0), weight.clamp_min(0)) + product(x.clamp_max(0), weight.clamp_max(0))
    rate = torch.where(up > LEAST, made / up.clamp_min(LEAST), torch.zeros_like(made)).detach()
    pushed = up * rate
    return made.detach() + pushed - pushed.detach()
