"""From a recipe to a model."""

from __future__ import annotations

import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.fuzz import (  # noqa: F401  # each registers its steps
    steps_attention,
    steps_bodies,
    steps_image,
    steps_layout,
    steps_odd,
    steps_pointwise,
    steps_reduce,
)
from tests.fuzz.net import BATCH, LENGTH, SIDE, Net, Value
from tests.fuzz.recipe import Recipe, drawn, recipes
from tests.fuzz.step import STEPS
from tests.fuzz.steps_tables import embedded

NAMES = sorted(STEPS)
OFTEN = """activation attention batch_norm branches conv cut dense depthwise glu join loop meet permute
    recurrent regroup repeat residual run shuffle to_flat vector""".split()
DRAWN = [*NAMES, *OFTEN, *OFTEN]
"""The steps that most of real networks consist of come three times as often as the others."""

IR = {11: 6, 13: 7, 17: 8, 18: 8, 21: 10, 23: 11}
LATE = 4


def strategy(most: int = 8) -> st.SearchStrategy[Recipe]:
    """Recipes over all steps."""
    return recipes(DRAWN, most)


def from_seed(seed: int) -> Recipe:
    """The recipe of a seed."""
    return drawn(seed, DRAWN)


def make(recipe: Recipe) -> onnx.ModelProto:
    """The model; steps that find no tensor to work on are left out. Its first step is dense: something can go."""
    net = Net(recipe)
    first = _start(net)
    net.live = [net.linear(first, net.width(), bias=True)]
    for name, seed in recipe.steps:
        _take(net, name, seed)
    net.rng.seed(recipe.seed)
    graph = net.graph("random", _ends(net))
    opsets = [helper.make_opsetid("", recipe.opset)]
    return helper.make_model(graph, ir_version=IR[recipe.opset], opset_imports=opsets)


def _start(net: Net) -> Value:
    if net.recipe.start == "ids":
        x = Value("", "sequence", (BATCH, LENGTH, 0))
        ids = net.input(TensorProto.INT64, net.declared(x)[:2])
        return embedded(net, ids, x.shape[:2], net.width())
    shape = {"image": (BATCH, 4, SIDE, SIDE), "sequence": (BATCH, LENGTH, 4), "flat": (BATCH, 4)}[net.recipe.start]
    x = Value("", net.recipe.start, shape)
    return Value(net.input(net.element, net.declared(x)), x.kind, shape)


def _take(net: Net, name: str, seed: int) -> None:
    net.rng.seed(seed)
    fits = [x for x in net.live[-LATE:] if STEPS[name].fits(net, x)]
    made = STEPS[name].function(net, net.one(fits)) if fits else None
    if made is not None and made not in net.live:
        net.live.append(made)


def _ends(net: Net) -> list[onnx.ValueInfoProto]:
    """What the model gives out: the last tensors, as they are or contracted."""
    last = net.live[-3:]
    if net.recipe.ends == "bare":
        return [_result(net, x.named(net.node("Identity", x.name))) for x in last[-1:]]
    made = [net.linear(x, 3) for x in last]
    if net.recipe.ends == "heads":
        merged: dict[tuple[object, ...], Value] = {}
        for x in made:
            key = (x.kind, *x.shape)
            merged[key] = x.named(net.node("Add", merged[key].name, x.name)) if key in merged else x
        made = list(merged.values())
    return [_result(net, x) for x in made]


def _result(net: Net, x: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(x.name, net.element, net.declared(x))
