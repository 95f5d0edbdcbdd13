"""Naming open lengths by probing: shapes are inferred for a few sizes of the inputs' open dimensions.

Symbolic inference forgets a dimension's name at every broadcast with one it can't follow, and with it how many heads a
`-1` stands for. With numbers it forgets nothing: a length that is the same for every choice of (pairwise different,
prime) sizes is a constant, and one that always equals an input's open dimension has that dimension's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import onnx_graphsurgeon as gs

from onnxprune.graph.assemble import for_inference
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.shapes import concrete

PRIMES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101)
ROUNDS = 3

Sizes = Mapping[str, int]


def name_lengths(model: Model) -> None:
    """Give constants and input names to the open lengths that turn out to be such, in place."""
    symbols = sorted({d for t in model.graph.inputs for d in t.shape or () if isinstance(d, str)})
    if not symbols or not any(_open(t, symbols) for t in _tensors(model)):
        return
    choices = [_sizes(symbols, k) for k in range(ROUNDS)]
    proto = for_inference(model)
    known = [concrete(proto, {t.name: _shape(t, sizes) for t in model.graph.inputs}) for sizes in choices]
    for tensor in _tensors(model):
        found = [shapes.get(tensor.name) for shapes in known]
        if tensor.shape is not None and all(f is not None and len(f) == len(tensor.shape) for f in found):
            columns = zip(*(f for f in found if f is not None), strict=True)
            tensor.shape = [_name(d, column, choices) for d, column in zip(tensor.shape, columns, strict=True)]


def _sizes(symbols: Sequence[str], k: int) -> dict[str, int]:
    return {name: PRIMES[(i + k * len(symbols)) % len(PRIMES)] for i, name in enumerate(symbols)}


def _shape(tensor: gs.Tensor, sizes: Sizes) -> tuple[int, ...]:
    """An input's shape for one choice; dimensions without a name count as 1, which tells nothing wrong of them."""
    return tuple(sizes.get(d, 1) if isinstance(d, str) else d if isinstance(d, int) else 1 for d in tensor.shape or ())


def _tensors(model: Model) -> Iterator[gs.Variable]:
    for graph in graphs(model):
        for node in graph.nodes:
            yield from (t for t in node.outputs if t.name)


def _open(tensor: gs.Tensor, symbols: Sequence[str]) -> bool:
    return any(not isinstance(d, int) and d not in symbols for d in tensor.shape or ())


def _name(dim: object, column: Sequence[int], choices: Sequence[Sizes]) -> object:
    """What an open length is, if every choice says the same."""
    if isinstance(dim, int):
        return dim
    if len(set(column)) == 1:
        return column[0]
    for name in choices[0]:
        if all(size == sizes[name] for size, sizes in zip(column, choices, strict=True)):
            return name
    return dim
