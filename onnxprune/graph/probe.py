"""Naming open lengths by probing: shapes are inferred for a few sizes of the inputs' open dimensions.

Symbolic inference forgets a dimension's name at every broadcast with one it can't follow, and with it how many heads a
`-1` stands for. With numbers it forgets nothing: a length that is the same for every choice of (pairwise different,
prime) sizes is a constant, and one that always equals an input's open dimension has that dimension's name.

Sizes differ by orders of magnitude, or what a network rounds away (an image of 5 pixels, halved five times) or cuts off
(the first four positions) would pass for a constant. Where a model takes no such sizes, as many as it takes must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import onnx_graphsurgeon as gs

from onnxprune.graph.assemble import for_inference
from onnxprune.graph.model import Model
from onnxprune.graph.shapes import concrete

SCALES = (2, 61, 503, 1009)
"""Sizes are the primes up to here, from the largest, then those above."""

AGREE = 2
"""So many choices must tell a shape before it is believed."""

Length = int | str | None
Sizes = Mapping[str, int]


def name_lengths(model: Model) -> None:
    """Give constants and input names to the open lengths of the outermost graph that turn out to be such, in place."""
    symbols = sorted({d for t in model.graph.inputs for d in t.shape or () if isinstance(d, str)})
    if not symbols or not any(_is_open(t, symbols) for t in _tensors(model.graph)):
        return
    choices = [dict(zip(symbols, _primes(scale, len(symbols)), strict=True)) for scale in SCALES]
    proto = for_inference(model)
    known = [concrete(proto, {t.name: _shape(t, sizes) for t in model.graph.inputs}) for sizes in choices]
    for tensor in _tensors(model.graph):
        told = [(sizes, s[tensor.name]) for sizes, s in zip(choices, known, strict=True) if tensor.name in s]
        if tensor.shape is not None and len(told) >= AGREE and all(len(s) == len(tensor.shape) for _, s in told):
            tensor.shape = [_name(d, [(sizes, s[i]) for sizes, s in told]) for i, d in enumerate(tensor.shape)]


def _primes(scale: int, count: int) -> list[int]:
    limit = scale + 20 * count + 10
    found = [p for p in range(2, limit) if all(p % d for d in range(2, int(p**0.5) + 1))]
    return sorted(found, key=lambda p: (p > scale, abs(p - scale)))[:count]


def _shape(tensor: gs.Tensor, sizes: Sizes) -> tuple[int, ...]:
    """An input's shape for one choice; dimensions without a name count as 1, which tells nothing wrong of them."""
    return tuple(sizes.get(d, 1) if isinstance(d, str) else d if isinstance(d, int) else 1 for d in tensor.shape or ())


def _tensors(graph: gs.Graph) -> Iterator[gs.Tensor]:
    for node in graph.nodes:
        yield from (t for t in node.outputs if t.name)


def _is_open(tensor: gs.Tensor, symbols: Sequence[str]) -> bool:
    return any(not isinstance(d, int) and d not in symbols for d in tensor.shape or ())


def _name(dim: Length, told: Sequence[tuple[Sizes, int]]) -> Length:
    """What an open length is, if every choice says the same."""
    if isinstance(dim, int):
        return dim
    if len({size for _, size in told}) == 1:
        return told[0][1]
    return next((name for name in told[0][0] if all(size == sizes[name] for sizes, size in told)), dim)
