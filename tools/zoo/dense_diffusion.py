"""Networks of image generation: a conditioned U-Net, a diffusion transformer, a decoder, a generator with styles."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

EDGE, TOKENS, TEXT = 16, 8, 48


def _times(steps: torch.Tensor, width: int) -> torch.Tensor:
    """[b] -> [b, width]: sines and cosines."""
    rates = torch.exp(-math.log(10000.0) * torch.arange(width // 2) / (width // 2))
    angles = steps[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class _Timed(nn.Module):
    """A residual block that is told the time. Ho et al. 2020, "Denoising Diffusion Probabilistic Models"."""

    def __init__(self, c_in: int, c_out: int, time: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, c_in), nn.SiLU(), nn.Conv2d(c_in, c_out, 3, 1, 1))
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(time, c_out))
        self.second = nn.Sequential(nn.GroupNorm(8, c_out), nn.SiLU(), nn.Conv2d(c_out, c_out, 3, 1, 1))
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """[b, c_in, y, x] and [b, time] -> [b, c_out, y, x]."""
        return self.skip(x) + self.second(self.first(x) + self.time(time)[:, :, None, None])


class _Attention(nn.Module):
    """Of positions to each other or to a text; [b, n, c] and [b, m, d] -> [b, n, c]."""

    def __init__(self, width: int, other: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.leave = nn.Linear(width, width, bias=False), nn.Linear(width, width)
        self.key, self.value = (nn.Linear(other, width, bias=False) for _ in range(2))

    def forward(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """As the class says."""
        q, k, v = self._split(self.query(x)), self._split(self.key(other)), self._split(self.value(other))
        return self.leave(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class _Spatial(nn.Module):
    """Self-attention, attention to the text and a gated MLP. Rombach et al. 2022, "Latent Diffusion Models"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.enter, self.leave = nn.GroupNorm(8, width), nn.Linear(width, width), nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.text = _Attention(width, width), _Attention(width, TEXT)
        self.wide, self.narrow = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """[b, c, y, x] and [b, tokens, text] -> [b, c, y, x]."""
        y = self.enter(self.norm(x).flatten(2).transpose(1, 2))
        z = self.norms[0](y)
        y = y + self.own(z, z)
        y = y + self.text(self.norms[1](y), text)
        a, b = self.wide(self.norms[2](y)).chunk(2, -1)
        y = y + self.narrow(a * F.gelu(b))
        return x + self.leave(y).transpose(1, 2).reshape(x.shape)


class Conditioned(nn.Module):
    """A U-Net of two scales with time and text."""

    def __init__(self, width: int = 32, time: int = 64) -> None:
        super().__init__()
        self.width, wide = width, 2 * width
        self.time = nn.Sequential(nn.Linear(width, time), nn.SiLU(), nn.Linear(time, time))
        self.enter, self.leave = nn.Conv2d(4, width, 3, 1, 1), nn.Conv2d(width, 4, 3, 1, 1)
        self.fine, self.shrink = _Timed(width, width, time), nn.Conv2d(width, width, 3, 2, 1)
        self.coarse, self.text = _Timed(width, wide, time), _Spatial(wide)
        self.grow, self.merge = nn.Conv2d(wide, wide, 3, 1, 1), _Timed(wide + width, width, time)
        self.last = _Spatial(width)

    def forward(self, x: torch.Tensor, steps: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """[b, 4, y, x], [b] and [b, tokens, text] -> [b, 4, y, x]."""
        time = self.time(_times(steps, self.width))
        skip = self.fine(self.enter(x), time)
        x = self.text(self.coarse(self.shrink(skip), time), text)
        x = self.grow(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.leave(self.last(self.merge(torch.cat([x, skip], 1), time), text))


class _Modulated(nn.Module):
    """Norms whose scale and shift, and branches whose gates, come from the time. Peebles & Xie 2023, "DiT"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.own = _Attention(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """[b, n, c] and [b, c] -> [b, n, c]."""
        shift, scale, gate, shift2, scale2, gate2 = self.modulate(time)[:, None].chunk(6, -1)
        y = self.norms[0](x) * (1 + scale) + shift
        x = x + gate * self.own(y, y)
        return x + gate2 * self.mlp(self.norms[1](x) * (1 + scale2) + shift2)


class Transformer(nn.Module):
    """Patches of a latent picture, three modulated blocks, and patches again."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.width, self.enter = width, nn.Conv2d(4, width, 2, 2)
        self.places = nn.Parameter(torch.randn(1, (EDGE // 2) ** 2, width))
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks, self.leave = nn.ModuleList(_Modulated(width) for _ in range(3)), nn.Linear(width, 16)

    def forward(self, x: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """[b, 4, y, x] and [b] -> [b, 4, y, x]."""
        b, _, height, width = x.shape
        time, x = self.time(_times(steps, self.width)), self.enter(x).flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            x = block(x, time)
        x = self.leave(x).view(b, height // 2, width // 2, 2, 2, 4)
        return x.permute(0, 5, 1, 3, 2, 4).reshape(b, 4, height, width)


class Decoder(nn.Module):
    """A latent picture made large: residual blocks, one attention, nearest upsampling."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.enter, self.attend = nn.Conv2d(4, width, 3, 1, 1), _Attention(width, width, heads=1)
        self.norm, self.first = nn.GroupNorm(8, width), _Timed(width, width, 8)
        self.grow, self.second = nn.Conv2d(width, width, 3, 1, 1), _Timed(width, width // 2, 8)
        self.leave = nn.Sequential(nn.GroupNorm(8, width // 2), nn.SiLU(), nn.Conv2d(width // 2, 3, 3, 1, 1))
        self.register_buffer("none", torch.zeros(1, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[b, 4, y, x] -> [b, 3, 2 y, 2 x]."""
        x = self.first(self.enter(x), self.none)
        y = self.norm(x).flatten(2).transpose(1, 2)
        x = x + self.attend(y, y).transpose(1, 2).reshape(x.shape)
        return self.leave(self.second(self.grow(F.interpolate(x, scale_factor=2.0)), self.none))


class Styled(nn.Module):
    """A vector becomes a picture, its channels' means and deviations set by a style (instance normalisation).

    Karras et al. 2019, "A Style-Based Generator Architecture".
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.style = nn.Sequential(nn.Linear(32, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2))
        self.start = nn.Parameter(torch.randn(1, width, 4, 4))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(3))
        self.norms = nn.ModuleList(nn.InstanceNorm2d(width) for _ in range(3))
        self.set, self.leave = nn.ModuleList(nn.Linear(64, 2 * width) for _ in range(3)), nn.Conv2d(width, 3, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """[b, 32] -> [b, 3, 32, 32]."""
        style, x = self.style(z), self.start.expand(z.shape[0], -1, -1, -1)
        for conv, norm, set_ in zip(self.convs, self.norms, self.set, strict=True):
            x = F.leaky_relu(conv(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
            scale, shift = set_(style)[:, :, None, None].chunk(2, 1)
            x = norm(x) * (1 + scale) + shift
        return self.leave(x).tanh()


def _noise() -> torch.Tensor:
    return torch.randn(1, 4, EDGE, EDGE)


_NETS: dict[str, tuple[Callable[[], nn.Module], Callable[[], tuple[torch.Tensor, ...]]]] = {
    "diffusion-unet": (Conditioned, lambda: (_noise(), torch.full((1,), 7.0), torch.randn(1, TOKENS, TEXT))),
    "diffusion-transformer": (Transformer, lambda: (_noise(), torch.full((1,), 7.0))),
    "latent-decoder": (Decoder, lambda: (_noise(),)),
    "styled-generator": (Styled, lambda: (torch.randn(1, 32),)),
}
NAMES = tuple(_NETS)


def net(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """A network by name, with example inputs."""
    build, examples = _NETS[name]
    return build(), examples()
