"""Orders of outputs in which blocks lose little."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import layers
from onnxprune.coupling import analyze
from onnxprune.coupling.masks import Keep
from onnxprune.graph import from_proto, normalize
from onnxprune.sparse import Pattern, Wanted, orders
from onnxprune.sparse.order import alike, filled
from tests.oracle import build
from tests.passes.test_passes import BLOCK


def test_like_rows_share_blocks() -> None:
    """Rows of three kinds, shuffled: each block has one kind, and kinds that have more in common are neighbours."""
    kinds = np.array([[9, 9, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 9, 9, 1, 0], [0, 9, 9, 0, 0, 0, 1, 0.0]])
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(3), 4))
    scores = kinds[shuffled]
    order = filled(scores, 4, 0.25)
    assert sorted(order) == list(range(12))
    assert all(len(set(block)) == 1 for block in shuffled[order].reshape(3, 4))
    line = shuffled[alike(scores, order, 4, 0.25)].reshape(3, 4)[:, 0].tolist()
    assert abs(line.index(0) - line.index(2)) == 1


def test_a_rest_stays_at_the_end() -> None:
    scores = np.random.default_rng(0).random((11, 6))
    order = filled(scores, 4, 0.5)
    assert sorted(order) == list(range(11))
    assert alike(scores, order, 4, 0.5)[8:].tolist() == order[8:].tolist()


def test_groups_whose_units_are_single_outputs() -> None:
    """Neurons and dimensions of heads; not heads, which are wider than a unit, nor widths that a norm is over."""
    model = normalize(from_proto(build(BLOCK)))
    analysis = analyze(model.graph, model.opsets)
    found = layers(analysis)
    want = Wanted(Pattern.parse("4x1"), 0.5, "magnitude")
    made = orders(analysis, found, {layer.name: want for layer in found}, Keep({}))
    assert {"up[1]", "wq[1].3"} <= set(made) <= {"up[1]", "wq[1].3", "wv[1]"}
    assert all(sorted(order) == list(range(len(order))) for order in made.values())
    half = np.arange(64) % 2 == 0
    group = next(g for g in analysis.groups if g.id == "up[1]")
    some = orders(analysis, found, {layer.name: want for layer in found}, Keep({group.atom: half}))
    assert sorted(some["up[1]"]) == np.flatnonzero(half).tolist()
    flat = Wanted(Pattern.parse("1x4"), 0.5, "magnitude")
    assert not orders(analysis, found, {layer.name: flat for layer in found}, Keep({}))
