"""Weights for reference models that behave like trained ones.

A fresh network is a poor test of pruning: zero heads and zero gammas make its output constant, equal norms
make every channel alike, and batch statistics of 0 and 1 hide a mistake in them.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def vary(module: nn.Module, inputs: tuple[torch.Tensor, ...], seed: int = 0) -> None:
    """Draw constant parameters anew and set batch statistics by what the layers see; leaves eval mode on."""
    generator = torch.Generator().manual_seed(seed)
    module.eval()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if _is_constant(parameter):
                _redraw(name, parameter, generator)
        _set_batch_statistics(module, inputs, generator)


def _is_constant(parameter: nn.Parameter) -> bool:
    values = parameter.flatten()
    return parameter.is_floating_point() and values.numel() > 1 and bool((values == values[0]).all())


def _redraw(name: str, parameter: nn.Parameter, generator: torch.Generator) -> None:
    constant = float(parameter.flatten()[0])
    if sum(length > 1 for length in parameter.shape) > 1:  # a head of zeros
        parameter.normal_(0.0, parameter[0].numel() ** -0.5, generator=generator)
    elif 0 < abs(constant) < 0.1:  # a layer scale, which would switch its block off
        parameter.uniform_(0.1, 0.5, generator=generator)
    elif constant == 0 and not name.endswith(("weight", "gamma")):  # a bias
        parameter.normal_(0.0, 0.1, generator=generator)
    else:  # the scale of a normalisation
        parameter.uniform_(0.5, 1.5, generator=generator).mul_(constant or 1.0)


def _set_batch_statistics(module: nn.Module, inputs: tuple[torch.Tensor, ...], generator: torch.Generator) -> None:
    """Batch normalisations that fit the activations of two random examples, and keep rounding errors small.

    With the whole mean subtracted and no bias a deep random network is chaotic: rounding in float32 becomes
    5e-6 to 5e-5 of the output. So at most half of the mean goes, and biases are rather positive, which gives
    1e-6. A variance has a floor, since a channel that is dead here may live elsewhere.
    """

    def measure(layer: _BatchNorm, arguments: tuple[torch.Tensor, ...]) -> None:
        (x,) = arguments
        variance, mean = torch.var_mean(x, [axis for axis in range(x.ndim) if axis != 1], correction=0)
        kept = mean * torch.rand(mean.shape, generator=generator) * 0.5
        power = variance + (mean - kept) ** 2
        layer.running_mean, layer.running_var = kept, power.clamp(min=0.1 * float(power.mean()))

    layers = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    if not layers:
        return
    for layer in layers:
        if layer.affine:
            layer.bias.normal_(0.25, 0.25, generator=generator)
    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    module(*(_two_examples(x, generator) for x in inputs))
    for hook in hooks:
        hook.remove()


def _two_examples(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random numbers, but token ids as they are: not every one has a place in the embedding."""
    if x.is_floating_point():
        return torch.randn((2, *x.shape[1:]), generator=generator)
    return x[torch.arange(2) % len(x)]
