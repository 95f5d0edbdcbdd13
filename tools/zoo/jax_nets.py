"""Small networks in JAX, with Flax: python jax_nets.py NAME FILE, in an environment that has jax2onnx."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import onnx
from flax import nnx
from jax2onnx import to_onnx


class Mlp(nnx.Module):
    """Three dense layers."""

    def __init__(self, rngs: Any) -> None:
        self.a, self.b, self.c = (nnx.Linear(i, o, rngs=rngs) for i, o in ((20, 64), (64, 48), (48, 10)))

    def __call__(self, x: Any) -> Any:
        return self.c(nnx.gelu(self.b(nnx.relu(self.a(x)))))


class Cnn(nnx.Module):
    """Convolutions with batch normalisation, pooled."""

    def __init__(self, rngs: Any) -> None:
        self.a, self.b = nnx.Conv(3, 16, (3, 3), rngs=rngs), nnx.Conv(16, 32, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(16, use_running_average=True, rngs=rngs)
        self.head = nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = nnx.avg_pool(nnx.relu(self.norm(self.a(x))), window_shape=(2, 2), strides=(2, 2))
        return self.head(nnx.relu(self.b(x)).mean((1, 2)))


class Residual(nnx.Module):
    """A residual block with group normalisation and a depthwise convolution."""

    def __init__(self, rngs: Any) -> None:
        self.stem = nnx.Conv(3, 32, (3, 3), (2, 2), rngs=rngs)
        self.depthwise = nnx.Conv(32, 32, (3, 3), feature_group_count=32, rngs=rngs)
        self.norm = nnx.GroupNorm(32, num_groups=4, rngs=rngs)
        self.wide, self.narrow = nnx.Conv(32, 64, (1, 1), rngs=rngs), nnx.Conv(64, 32, (1, 1), rngs=rngs)
        self.head = nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = self.stem(x)
        x = x + self.narrow(nnx.silu(self.wide(self.norm(self.depthwise(x)))))
        return self.head(x.mean((1, 2)))


class Transformer(nnx.Module):
    """A block of attention and feed-forward."""

    def __init__(self, rngs: Any) -> None:
        self.before, self.between = nnx.LayerNorm(48, rngs=rngs), nnx.LayerNorm(48, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(4, 48, decode=False, rngs=rngs)
        self.wide, self.narrow = nnx.Linear(48, 96, rngs=rngs), nnx.Linear(96, 48, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = x + self.attention(self.before(x))
        return x + self.narrow(nnx.gelu(self.wide(self.between(x))))


class Mixer(nnx.Module):
    """Dense layers over tokens and over channels in turn."""

    def __init__(self, rngs: Any) -> None:
        self.norms = nnx.List([nnx.LayerNorm(32, rngs=rngs) for _ in range(2)])
        self.tokens = nnx.List([nnx.Linear(12, 40, rngs=rngs), nnx.Linear(40, 12, rngs=rngs)])
        self.channels = nnx.List([nnx.Linear(32, 80, rngs=rngs), nnx.Linear(80, 32, rngs=rngs)])

    def __call__(self, x: Any) -> Any:
        y = jnp.swapaxes(self.norms[0](x), 1, 2)
        x = x + jnp.swapaxes(self.tokens[1](nnx.gelu(self.tokens[0](y))), 1, 2)
        return x + self.channels[1](nnx.gelu(self.channels[0](self.norms[1](x))))


class Gru(nnx.Module):
    """Four steps of a gated recurrent unit, written out."""

    def __init__(self, rngs: Any) -> None:
        self.cell = nnx.GRUCell(16, 32, rngs=rngs)
        self.head = nnx.Linear(32, 5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        state = jnp.zeros((x.shape[0], 32))
        for step in range(x.shape[1]):
            state, _ = self.cell(state, x[:, step])
        return self.head(state)


NETS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "mlp": (Mlp, (2, 20)),
    "cnn": (Cnn, (1, 16, 16, 3)),
    "residual": (Residual, (1, 16, 16, 3)),
    "transformer": (Transformer, (1, 12, 48)),
    "mixer": (Mixer, (1, 12, 32)),
    "gru": (Gru, (2, 4, 16)),
}


def vary(model: Any) -> None:
    """Draw weights that are constant anew, as a trained network's are not."""
    key = jax.random.key(0)
    state = nnx.state(model)

    def drawn(values: Any) -> Any:
        nonlocal key
        if not hasattr(values, "dtype") or not jnp.issubdtype(values.dtype, jnp.floating):
            return values
        if values.size < 2 or bool((values != values.reshape(-1)[0]).any()):
            return values
        key, own = jax.random.split(key)
        if float(values.reshape(-1)[0]):
            return values * jax.random.uniform(own, values.shape, minval=0.5, maxval=1.5)
        return 0.1 * jax.random.normal(own, values.shape)

    nnx.update(model, jax.tree.map(drawn, state))


def main(name: str, file: str) -> None:
    """Build, vary and export one."""
    factory, shape = NETS[name]
    model = factory(nnx.Rngs(0))
    vary(model)
    onnx.save(to_onnx(model, [shape]), file)


if __name__ == "__main__":
    main(*sys.argv[1:])
